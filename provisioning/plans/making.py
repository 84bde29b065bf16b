"""From what is wanted and what was found to a plan. Pure: the same two always make the same."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from provisioning.drivers import compose_lint, dotenv
from provisioning.drivers.compose_parse import image_of
from provisioning.drivers.errors import DriverError
from provisioning.plans.facts import Found
from provisioning.plans.shape import Change, Plan, Problem, digest_of
from provisioning.plans.wanted import COMPOSE, ENV, MASK, Wanted
from provisioning.releases.masking import masked_compose
from provisioning.sightings import HASH_LABEL
from provisioning.sightings import service as service_of

_KEPT_FREE = 500_000_000  # bytes a host's disk needs beyond what a site asks for


def plan_of(
    kind: str,
    wanted: Wanted,
    found: Found,
    *,
    site: str,
    host: str,
    elsewhere: Iterable[Problem] = (),
    reuse_volumes: bool = False,
) -> Plan:
    """``elsewhere``: what the rows of other hosts and sites have against it."""
    new = kind == "site.provision"
    changes = (
        *_files(wanted, found),
        *_images(found),
        *_named("network", found.model.get("networks"), found.networks),
        *_named("volume", found.model.get("volumes"), found.volumes),
        *_containers(wanted, found),
        *(Change("vhost", "create" if new else "keep", name) for name in wanted.domains),
    )
    return Plan(
        kind=kind,
        site=site,
        host=host,
        changes=changes,
        problems=(*elsewhere, *_problems(wanted, found, new=new, reuse_volumes=reuse_volumes)),
        digest=digest_of(
            kind=kind,
            host=host,
            wanted=wanted.fingerprint(new=new),
            found=found.fingerprint(new=new),
        ),
        downtime=downtime(wanted, found),
        needs={"disk_bytes": wanted.disk_bytes, "memory_bytes": wanted.memory_bytes},
    )


def recreated(wanted: Wanted, found: Found) -> list[str]:
    """Services whose containers would be replaced, as compose itself decides it; and those whose
    image is built from other files than the present ones, which no configuration tells."""
    built = rebuilt(wanted, found)
    return sorted(
        service
        for service, containers in _by_service(found).items()
        if service in built or any(_differs(wanted, found, service, one) for one in containers)
    )


def rebuilt(wanted: Wanted, found: Found) -> list[str]:
    """Services whose image is built from files that are to change."""
    own = {name: data for name, data in wanted.texts().items() if name not in (COMPOSE, ENV)}
    changed = [
        f"{wanted.folder}/{name}" for name, data in own.items() if found.texts.get(name) != data
    ]
    return sorted(
        service
        for service, one in found.model.get("services", {}).items()
        if (build := one.get("build"))
        and any(path.startswith(f"{build['context'].rstrip('/')}/") for path in changed)
    )


def started(found: Found) -> list[str]:
    """Services that have no container yet."""
    return sorted(found.hashes.keys() - _by_service(found).keys())


def downtime(wanted: Wanted, found: Found) -> str:
    stopped = [name for name in recreated(wanted, found) if name not in wanted.stateless]
    if not stopped:
        return ""
    return (
        f"{', '.join(stopped)} must stop before its successor starts: some seconds without an "
        "answer, and if the new one fails, the old one is started again."
    )


def _by_service(found: Found) -> dict[str, list[Any]]:
    services: dict[str, list[Any]] = {}
    for one in found.containers:
        services.setdefault(service_of(one), []).append(one)
    return services


def _differs(wanted: Wanted, found: Found, service: str, container: Any) -> bool:
    """Another configuration, or the name of its image stands for another image by now.

    What a past release had built for it, it gets again.
    """
    wanted_hash = found.hashes.get(service)
    if wanted_hash is None:
        return False  # no longer wanted: removed, not replaced
    built = found.model["services"][service].get("build")
    image = wanted.images.get(service) if built else None
    image = image or found.images.get(image_of(found.model, service))
    moved = image is not None and image != container.image_id
    return container.labels.get(HASH_LABEL) != wanted_hash or moved


def _containers(wanted: Wanted, found: Found) -> Iterator[Change]:
    replaced = recreated(wanted, found)
    for service, containers in sorted(_by_service(found).items()):
        for one in containers:
            if service not in found.hashes:
                yield Change("container", "remove", one.name)
            elif service in replaced:
                yield Change("container", "recreate", one.name)
            else:
                yield Change("container", "keep", one.name)
    for service in started(found):
        yield Change("container", "create", service)


def _images(found: Found) -> Iterator[Change]:
    for service, one in sorted(found.model.get("services", {}).items()):
        name = image_of(found.model, service)
        if one.get("build"):
            yield Change("image", "change" if name in found.images else "create", name,
                         "is built on the host")  # fmt: skip
        elif name in found.images:
            yield Change("image", "keep", name)
        else:
            yield Change("image", "create", name, "is pulled")


def _named(what: Any, wanted: Any, there: frozenset[str]) -> Iterator[Change]:
    for one in (wanted or {}).values():
        name, external = str(one.get("name", "")), bool(one.get("external"))
        action: Any = "keep" if name in there or external else "create"
        yield Change(what, action, name, "is there already" if name in there else "")


def _files(wanted: Wanted, found: Found) -> Iterator[Change]:
    if not found.folder_exists:
        yield Change("folder", "create", wanted.folder)
    for name, data in wanted.texts().items():
        old = found.texts.get(name)
        if old == data:
            yield Change("file", "keep", name)
        else:
            diff = _diff(name, old, data, wanted)
            yield Change("file", "create" if old is None else "change", name, diff=diff)


def _diff(name: str, old: bytes | None, new: bytes, wanted: Wanted) -> str:
    before, after = (_shown(name, data, wanted) for data in (old, new))
    lines = difflib.unified_diff(before, after, f"{name} (now)", f"{name} (then)", lineterm="")
    return "\n".join(lines)


def _shown(name: str, data: bytes | None, wanted: Wanted) -> list[str]:
    """The lines as people may see them: values of secrets never, nor what cannot be told apart."""
    if data is None:
        return []
    text = data.decode("utf-8", "replace")
    if name != ENV:
        return (masked_compose(text) if name == COMPOSE else text).splitlines()
    try:
        values = dotenv.load(text)
    except DriverError:
        return [f"# {len(data)} bytes that are no environment file"]
    hidden = set(wanted.secret_names) | (values.keys() - wanted.env.keys())
    return [f"{key}={_marked(key, value, hidden, wanted)}" for key, value in values.items()]


def _marked(key: str, value: str, hidden: set[str], wanted: Wanted) -> str:
    if key not in hidden:
        return value
    return MASK if value == wanted.env.get(key, value) else f"{MASK} (another)"


def _problems(wanted: Wanted, found: Found, *, new: bool, reuse_volumes: bool) -> Iterator[Problem]:
    for one in compose_lint.problems(found.model, folder=wanted.folder, project=wanted.project):
        yield Problem(one.code, f"{one.path}: {one.message}", not one.warning)
    for path in found.leading_out:
        yield Problem("path_outside", f"{path} is a link that leads out of the site's folder.")
    if new:
        yield from _in_the_way(wanted, found, reuse_volumes=reuse_volumes)
    for service, one in found.model.get("services", {}).items():
        for port in one.get("ports") or ():
            public = int(port.get("published") or 0)
            if holder := found.taken.get(public):
                words = f"{service}: port {public} of the host is taken by {holder}."
                yield Problem("port_taken", words)
    free = found.disk_free_bytes
    if free is not None and free < wanted.disk_bytes + _KEPT_FREE:
        yield Problem("disk_full", f"Only {free // 10**6} MB are free on the host's disk.")
    if wanted.web_service and wanted.web_service not in found.model.get("services", {}):
        yield Problem("no_web_service", f"The compose file has no service {wanted.web_service}.")


def _in_the_way(wanted: Wanted, found: Found, *, reuse_volumes: bool) -> Iterator[Problem]:
    if found.containers:
        words = f"There are containers of a compose project {wanted.project} on this host already."
        yield Problem("name_taken", words)
    if found.texts.get(COMPOSE, wanted.texts()[COMPOSE]) != wanted.texts()[COMPOSE]:
        words = f"There is another {COMPOSE} in {wanted.folder} already."
        if reuse_volumes:  # what is there is this site's, from before it was removed
            words = f"There is another {COMPOSE} in {wanted.folder} already; it is replaced."
        yield Problem("folder_taken", words, blocking=not reuse_volumes)
    for one in (found.model.get("volumes") or {}).values():
        if one.get("name") in found.volumes and not one.get("external"):
            words = f"The volume {one['name']} is there already, with data that is not this site's."
            if reuse_volumes:
                words = f"The volume {one['name']} is there already; its data is used."
            yield Problem("volume_exists", words, blocking=not reuse_volumes)
