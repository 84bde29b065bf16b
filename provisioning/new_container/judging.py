"""Whether a container may be made: it is judged as a compose service is, by the same lint."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from provisioning.drivers import compose_lint
from provisioning.drivers.lint_places import PROXY_NETWORK
from provisioning.new_container.asked import Mount, NewContainer
from provisioning.operations.contract import VerbError
from provisioning.plans.elsewhere import RESERVED
from sites.models import Host, Site

# What Docker itself calls so: no network but a way of having one.
MODES: Final = frozenset({"host", "bridge", "none", "default"})
LOGGING: Final = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
_SERVICE: Final = "it"
_FIELDS: Final = {"mem_limit": "memory_bytes", "network_mode": "networks", "deploy": "memory_bytes"}
_CODES: Final = {"no_memory_limit": "memory_bytes", "no_restart": "restart", "no_image": "image"}
_FOLDERS: Final = "_containers"  # no tenant can be called so


@dataclass(frozen=True, slots=True)
class Finding:
    """What the lint says of one field. A ``warning`` is for people to read."""

    field: str
    code: str
    message: str
    warning: bool


def folder_of(host: Host, name: str) -> str:
    """The folder on the host that its bind mounts lie in."""
    return f"{host.sites_root}/{_FOLDERS}/{name}"


def judge(host: Host, asked: NewContainer) -> None:
    """What can be said without asking the host. Raises VerbError at the field it is about."""
    if asked.name in RESERVED:
        raise VerbError(f"{asked.name} is SiteFlow's own name.", code="name_taken", field="name")
    if Site.objects.filter(host=host, project=asked.name).exists():
        words = f"There is a site {asked.name} on {host.name}, whose things would be its own."
        raise VerbError(words, code="name_taken", field="name")
    names = [*(mount.source for mount in asked.volumes if not mount.is_bind), *asked.networks]
    refuse(findings(host, asked, free=set(names)))


def refuse(found: list[Finding]) -> None:
    for one in found:
        if not one.warning:
            raise VerbError(f"{one.field}: {one.message}.", code=one.code, field=one.field,
                            status=422)  # fmt: skip


def findings(
    host: Host,
    asked: NewContainer,
    *,
    free: Collection[str],
    foreign: Collection[str] = (),
    resolved: dict[str, Any] | None = None,
) -> list[Finding]:
    """All that the lint has to say. ``free`` and ``foreign`` as `lint_terms.Site`; ``resolved`` is
    the model with what the host knows of its volumes and networks."""
    folder = folder_of(host, asked.name)
    found = compose_lint.problems(
        resolved or model(asked), folder=folder, project=asked.name, free=free, foreign=foreign
    )
    return [
        Finding(_field(one.path, one.code), one.code, _words(one.message, folder), one.warning)
        for one in found
    ]


def model(asked: NewContainer) -> dict[str, Any]:
    """As a compose project of one service, resolved."""
    volumes = {one.source: {"name": one.source} for one in asked.volumes if not one.is_bind}
    networks = {
        name: {"name": name, "external": name == PROXY_NETWORK}
        for name in asked.networks
        if name not in MODES
    }
    return {
        "name": asked.name,
        "services": {_SERVICE: _service(asked)},
        "volumes": volumes,
        "networks": networks,
    }


def _service(asked: NewContainer) -> dict[str, Any]:
    service: dict[str, Any] = {
        "image": asked.image,
        "command": asked.command,
        "entrypoint": asked.entrypoint,
        "environment": asked.environment,
        "ports": [
            {"target": one.container, "published": str(one.host or ""), "host_ip": one.address,
             "protocol": one.protocol}
            for one in asked.ports
        ],
        "volumes": [_mount(one) for one in asked.volumes],
        "networks": dict.fromkeys(name for name in asked.networks if name not in MODES),
        "mem_limit": asked.memory_bytes,
        "cpus": asked.cpus,
        "pids_limit": asked.pids,
        "restart": asked.restart,
        "labels": asked.labels,
        "logging": LOGGING,
        "privileged": asked.privileged,
        "cap_add": asked.cap_add,
        "devices": asked.devices,
    }  # fmt: skip
    if modes := [name for name in asked.networks if name in MODES or ":" in name]:
        service["network_mode"] = modes[0]
    return service


def _mount(mount: Mount) -> dict[str, Any]:
    kind = "bind" if mount.is_bind else "volume"
    return {"type": kind, "source": mount.source, "target": mount.target,
            "read_only": mount.read_only}  # fmt: skip


def _field(path: str, code: str) -> str:
    """Of the form: ``services.it.ports.0`` is ``ports.0``."""
    parts = path.split(".")
    if parts[:2] == ["services", _SERVICE]:
        parts = parts[2:]
    elif parts[0] in ("volumes", "networks"):
        parts = parts[:1]
    if not parts:
        return _CODES.get(code, "name")
    return ".".join([_FIELDS.get(parts[0], parts[0]), *parts[1:]])


def _words(message: str, folder: str) -> str:
    """The lint speaks of sites."""
    return (
        message.replace("the site's folder", f"its own folder {folder}")
        .replace("neither the site's own", "neither its own")
        .replace("the site's", "its")
        .replace("of the site", "of its own")
        .replace("of this project", "of its own, nor one that nobody has")
    )
