"""Where images come from: named with a tag, built from the site's own folder."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final

from provisioning.drivers.lint_terms import Problem, Problems, Site, is_set, mapping, several, shown

_REFERENCE: Final = re.compile(
    r"(?P<name>(?:[\w.-]+(?::\d{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
# What keeps data and trusts whoever reaches it; by the last part of the image's name.
_DATABASES: Final = re.compile(
    r"(?:^|[/_-])(?:postgres(?:ql)?|postgis|timescaledb(?:-ha)?|pgvector|mysql(?:-server)?|mariadb|percona|mongo"
    r"|mongodb(?:-community-server)?|redis(?:-stack)?(?:-server)?|valkey|keydb|dragonfly|memcached|couchdb"
    r"|cassandra|scylla|elasticsearch|opensearch|influxdb|neo4j|clickhouse(?:-server)?|cockroach"
    r"|etcd|rabbitmq|mssql|server-oracle|arangodb|rethinkdb)(?:$|[_-])"
)
_BUILD_KEYS: Final = frozenset(
    {"args", "cache_from", "context", "dockerfile", "dockerfile_inline", "labels", "no_cache"}
    | {"platforms", "pull", "secrets", "shm_size", "target", "ulimits"}
)
_BUILD_REFUSED: Final = {
    "privileged": "a build with all rights of the host",
    "entitlements": "a build with rights of the host",
    "ssh": "a build that uses keys of the host",
    "tags": "further names could replace images of others",
    "cache_to": "a build that writes outside",
}
_HOST_NETWORK: Final = "host"


def image_problems(path: str, service: dict[str, Any], site: Site) -> Problems:
    image, build = service.get("image"), service.get("build")
    if not image and not build:
        yield Problem(path, "no_image", "neither an image nor a build")
    if image:
        yield from _reference_problems(f"{path}.image", image)
    if build:
        yield from _build_problems(f"{path}.build", build, site)


def is_database(service: dict[str, Any]) -> bool:
    found = _REFERENCE.fullmatch(str(service.get("image") or ""))
    return bool(found and _DATABASES.search(found["name"].lower()))


def _reference_problems(path: str, image: object) -> Problems:
    found = _REFERENCE.fullmatch(image) if isinstance(image, str) else None
    if found is None:
        yield Problem(path, "bad_image", f"not the name of an image: {shown(image)}")
    elif not found["digest"] and found["tag"] in (None, "latest"):
        message = f"{shown(image)} may be another image tomorrow; name a tag or digest"
        yield Problem(path, "image_tag", message)


def _build_problems(path: str, build: object, site: Site) -> Problems:
    options = mapping(build) if isinstance(build, dict) else {"context": build}
    yield from _context_problems(f"{path}.context", options.get("context"), site)
    if not _is_inside(options.get("dockerfile"), options.get("context"), site):
        yield Problem(f"{path}.dockerfile", "build_outside", "a file outside the site's folder")
    for each in several(options.get("additional_contexts")):
        value = str(each).partition("=")[2]
        if not value.startswith(("docker-image://", "service:")):
            yield from _context_problems(f"{path}.additional_contexts", value, site)
    if options.get("network") == _HOST_NETWORK:
        yield Problem(f"{path}.network", "host_network", "a build in the host's own network")
    for key, why in _BUILD_REFUSED.items():
        if is_set(options.get(key)):
            yield Problem(f"{path}.{key}", "build_rights", why)
    known = _BUILD_KEYS | _BUILD_REFUSED.keys() | {"additional_contexts", "network", "extra_hosts"}
    for key in sorted(options.keys() - known):
        yield Problem(f"{path}.{shown(key)}", "not_known", "not known to be safe")


def _context_problems(path: str, context: object, site: Site) -> Problems:
    if not isinstance(context, str) or not context.startswith("/"):
        yield Problem(path, "build_remote", f"built from elsewhere: {shown(context)}")
    elif not site.holds(context):
        yield Problem(
            path, "build_outside", f"built from outside the site's folder: {shown(context)}"
        )


def _is_inside(dockerfile: object, context: object, site: Site) -> bool:
    return dockerfile is None or site.holds(posixpath.join(str(context), str(dockerfile)))
