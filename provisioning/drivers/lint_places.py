"""What a service reaches outside its container: folders, volumes, networks, ports."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import Any, Final

from provisioning.drivers.lint_images import is_database
from provisioning.drivers.lint_terms import Problem, Problems, Site, is_set, mapping, several, shown

PROXY_NETWORK: Final = "siteflow_proxy"
_SOCKETS: Final = re.compile(r"(docker|containerd|podman|crio|buildkitd)\.sock")
_SOCKET_FOLDERS: Final = frozenset(
    {"/", "/run", "/var", "/var/run", "/run/docker", "/run/containerd", "/run/podman"}
)
# What says how the site is run, and its secrets: not for its containers to change.
_CONTROL: Final = ("compose.yml", ".env", "releases")
_DATABASE_PORTS: Final = frozenset(
    {
        1433,
        1521,
        2375,
        2376,
        2379,
        2380,
        3306,
        33060,
        5432,
        5672,
        5984,
        6379,
        7474,
        7687,
        8086,
        8123,
    }
    | {8529, 9042, 9200, 9300, 11211, 15672, 26257, 26379, 27017, 27018, 27019, 28015}
)


def mount_problems(path: str, service: dict[str, Any], site: Site, volumes: set[str]) -> Problems:
    for index, each in enumerate(several(service.get("volumes"))):
        yield from _mount_problems(f"{path}.volumes.{index}", mapping(each), site, volumes)
    for index, each in enumerate(several(service.get("volumes_from"))):
        if str(each).startswith("container:"):
            message = "the data of a container that is not the site's"
            yield Problem(f"{path}.volumes_from.{index}", "foreign_container", message)


def _mount_problems(path: str, mount: dict[str, Any], site: Site, volumes: set[str]) -> Problems:
    kind, source = mount.get("type"), mount.get("source")
    if kind == "bind":
        yield from _bind_problems(path, source, site, writes=not is_set(mount.get("read_only")))
        if mapping(mount.get("bind")).get("propagation") not in (None, "", "private", "rprivate"):
            yield Problem(path, "propagation", "mounts in it would appear on the host")
    elif kind == "volume":
        if not source:
            yield Problem(path, "volume_name", "a volume without a name is lost with its container")
        elif str(source) not in volumes:
            yield Problem(path, "foreign_volume", f"not a volume of this project: {shown(source)}")
    elif kind != "tmpfs":
        yield Problem(path, "not_known", f"a mount of this kind: {shown(kind)}")


def _bind_problems(path: str, source: object, site: Site, *, writes: bool) -> Problems:
    real = posixpath.normpath(source) if isinstance(source, str) else ""
    if _SOCKETS.search(real) or real in _SOCKET_FOLDERS:
        yield Problem(path, "docker_socket", f"the way to Docker itself: {shown(source)}")
    elif not site.holds(source):
        yield Problem(path, "bind_outside", f"outside the site's folder: {shown(source)}")
    elif writes and real.removeprefix(f"{site.folder}/").split("/")[0] in _CONTROL:
        yield Problem(
            path, "bind_control", f"the site's own set-up could be changed: {shown(source)}"
        )


def volume_problems(path: str, volume: dict[str, Any], site: Site) -> Problems:
    name = volume.get("name")
    if not site.owns(name):
        code = "external_volume" if is_set(volume.get("external")) else "volume_name"
        message = f"a volume of the site is called {site.project}_…, this one {shown(name)}"
        yield Problem(path, code, message)
    if volume.get("driver") not in (None, "", "local"):
        yield Problem(
            f"{path}.driver", "volume_driver", f"not local: {shown(volume.get('driver'))}"
        )
    options = mapping(volume.get("driver_opts"))
    if options:
        yield from _option_problems(f"{path}.driver_opts", options, site)


def _option_problems(path: str, options: dict[str, Any], site: Site) -> Problems:
    flags = set(str(options.get("o", "")).split(","))
    is_bind = options.get("type") in (None, "", "none", "bind") and flags <= {
        "bind",
        "rbind",
        "rw",
        "ro",
    }
    if is_bind and options.keys() <= {"type", "o", "device"}:
        yield from _bind_problems(path, options.get("device"), site, writes="ro" not in flags)
    else:
        yield Problem(path, "volume_options", "a file system that is mounted from elsewhere")


def network_problems(path: str, network: dict[str, Any], site: Site) -> Problems:
    name = network.get("name")
    if not (site.owns(name) or (is_set(network.get("external")) and name == PROXY_NETWORK)):
        message = f"neither the site's own nor {PROXY_NETWORK}: {shown(name)}"
        yield Problem(path, "foreign_network", message)
    if network.get("driver") not in (None, "", "bridge"):
        yield Problem(
            f"{path}.driver", "network_driver", f"not a bridge: {shown(network['driver'])}"
        )
    if is_set(network.get("driver_opts")):
        yield Problem(f"{path}.driver_opts", "network_driver", "changes the host's own network")


def file_problems(path: str, source: dict[str, Any], site: Site) -> Problems:
    """Of ``configs`` and ``secrets``."""
    if "file" in source and not site.holds(source["file"]):
        yield Problem(path, "file_outside", f"outside the site's folder: {shown(source['file'])}")
    if is_set(source.get("external")) or is_set(source.get("driver")):
        yield Problem(path, "foreign_file", "is not the site's own")


def port_problems(path: str, service: dict[str, Any]) -> Problems:
    database = is_database(service)
    for index, each in enumerate(several(service.get("ports"))):
        port, where = mapping(each), f"{path}.ports.{index}"
        if not port:
            yield Problem(
                where, "not_known", f"a port in a form that cannot be read: {shown(each)}"
            )
        elif not _is_loopback(port.get("host_ip")):
            target, published = _number(port.get("target")), _number(port.get("published"))
            if database or {target, published} & _DATABASE_PORTS:
                message = f"a database open to the network: {shown(target)}"
                yield Problem(where, "database_port", message)
            else:
                message = f"open to the network past the proxy: {shown(target)}"
                yield Problem(where, "published_port", message, warning=True)


def _is_loopback(address: object) -> bool:
    try:
        return ipaddress.ip_address(str(address)).is_loopback
    except ValueError:
        return False


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
