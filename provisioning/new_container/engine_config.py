"""What the Engine API (1.41) is asked for with: built from what was asked, and not sent."""

from __future__ import annotations

from typing import Any, Final

from provisioning.new_container.asked import Mount, NewContainer, PublishedPort
from provisioning.new_container.judging import LOGGING, MODES

# On the container, its volumes and its networks: the operation that made them.
MADE_BY: Final = "siteflow.made-by"


def config(asked: NewContainer, *, networks: list[str], mark: str) -> dict[str, Any]:
    """The body of ``POST /containers/create``. Of the networks only the first can be in it."""
    joined: dict[str, Any] = {name: {} for name in networks[:1] if name not in MODES}
    return {
        "Image": asked.image,
        "Cmd": asked.command or None,
        "Entrypoint": asked.entrypoint or None,
        "Env": [f"{name}={value}" for name, value in asked.environment.items()],
        "Labels": {**asked.labels, MADE_BY: mark},
        "ExposedPorts": {_key(port): {} for port in asked.ports},
        "HostConfig": _host_config(asked, networks[0]),
        "NetworkingConfig": {"EndpointsConfig": joined},
    }


def _host_config(asked: NewContainer, network: str) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in asked.ports:
        where = {"HostIp": port.address, "HostPort": str(port.host or "")}
        bindings.setdefault(_key(port), []).append(where)
    return {
        "NetworkMode": network,
        "PortBindings": bindings,
        "Mounts": [_mount(mount) for mount in asked.volumes],
        "Memory": asked.memory_bytes or 0,
        "NanoCpus": round((asked.cpus or 0) * 1_000_000_000),
        "PidsLimit": asked.pids,
        "RestartPolicy": {"Name": asked.restart, "MaximumRetryCount": 0},
        "LogConfig": {"Type": LOGGING["driver"], "Config": LOGGING["options"]},
        "CapAdd": asked.cap_add,
    }


def _mount(mount: Mount) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Type": "bind" if mount.is_bind else "volume",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }
    if mount.is_bind:
        found["BindOptions"] = {"Propagation": "rprivate"}
    return found


def _key(port: PublishedPort) -> str:
    return f"{port.container}/{port.protocol}"
