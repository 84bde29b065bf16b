"""What a service may be and do on its host. A key that is not known to be safe is refused."""

from __future__ import annotations

import re
from typing import Any, Final

from provisioning.drivers.lint_images import image_problems
from provisioning.drivers.lint_places import mount_problems, port_problems
from provisioning.drivers.lint_terms import (
    Problem,
    Problems,
    Site,
    is_set,
    label_problems,
    mapping,
    several,
    shown,
)

_SAFE: Final = frozenset(
    {"annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "command", "configs"}
    | {"container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_shares"}
    | {"cpus", "cpuset", "depends_on", "deploy", "develop", "dns", "dns_opt", "dns_search"}
    | {"domainname", "entrypoint", "env_file", "environment", "expose", "extra_hosts", "group_add"}
    | {"healthcheck", "hostname", "image", "init", "labels", "label_file", "links", "logging"}
    | {"mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit"}
    | {"networks", "pids_limit", "platform", "ports", "post_start", "pre_stop", "profiles"}
    | {"pull_policy", "read_only", "restart", "scale", "secrets", "shm_size", "stdin_open"}
    | {"stop_grace_period", "stop_signal", "storage_opt", "tmpfs", "tty", "ulimits", "user"}
    | {"volumes", "volumes_from", "working_dir", "network_mode", "pid", "ipc", "security_opt"}
)
# Refused whatever the value, unless it is empty.
_REFUSED: Final = {
    "privileged": ("privileged", "has all rights on the host"),
    "devices": ("device", "reaches a device of the host"),
    "device_cgroup_rules": ("device", "reaches devices of the host"),
    "gpus": ("device", "reaches a device of the host"),
    "use_api_socket": ("docker_socket", "the way to Docker itself"),
    "uts": ("host_namespace", "shares the host's name"),
    "userns_mode": ("host_namespace", "shares the host's users"),
    "cgroup": ("host_namespace", "shares the host's control groups"),
    "cgroup_parent": ("cgroup_parent", "leaves the limits of its Docker"),
    "sysctls": ("sysctl", "changes the kernel's settings"),
    "runtime": ("runtime", "runs by another program than runc"),
    "credential_spec": ("credential_spec", "uses a login of the host"),
    "external_links": ("foreign_container", "reaches containers of others"),
    "oom_kill_disable": ("oom", "takes the host's memory before it is ended"),
    "provider": ("provider", "runs a program on the host"),
    "models": ("provider", "runs a program on the host"),
    "extends": ("not_resolved", "the model was not resolved"),
}
# What Docker gives every container anyway.
_CAPABILITIES: Final = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"}
    | {"NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
_SECURITY: Final = re.compile(r"no-new-privileges([:=]true)?|apparmor[:=]docker-default")
_SHARED: Final = {
    "network_mode": ("", "none"),
    "pid": ("",),
    "ipc": ("", "none", "private", "shareable"),
}


def service_problems(path: str, service: dict[str, Any], site: Site, volumes: set[str]) -> Problems:
    yield from image_problems(path, service, site)
    yield from mount_problems(path, service, site, volumes)
    yield from port_problems(path, service)
    yield from _right_problems(path, service)
    yield from _shared_problems(path, service)
    yield from _own_problems(path, service, site)
    yield from label_problems(path, service)
    yield from _limit_problems(path, service)


def _right_problems(path: str, service: dict[str, Any]) -> Problems:
    for key, (code, message) in _REFUSED.items():
        if is_set(service.get(key)):
            yield Problem(f"{path}.{key}", code, message)
    for each in several(service.get("cap_add")):
        if str(each).upper().removeprefix("CAP_") not in _CAPABILITIES:
            message = f"a right over the host: {shown(each)}"
            yield Problem(f"{path}.cap_add", "capability", message)
    for each in several(service.get("security_opt")):
        if not _SECURITY.fullmatch(str(each)):
            message = f"takes a protection away: {shown(each)}"
            yield Problem(f"{path}.security_opt", "security_opt", message)
    for key in ("post_start", "pre_stop"):
        hooks = service.get(key)
        if any(_has_all_rights(hook) for hook in (hooks if isinstance(hooks, list) else [hooks])):
            yield Problem(f"{path}.{key}", "privileged", "has all rights on the host")
    for key in sorted(service.keys() - _SAFE - _REFUSED.keys()):
        if is_set(service[key]) and not key.startswith("x-"):
            yield Problem(f"{path}.{shown(key)}", "not_known", "not known to be safe")


def _has_all_rights(hook: object) -> bool:
    return is_set(mapping(hook).get("privileged"))


def _shared_problems(path: str, service: dict[str, Any]) -> Problems:
    """Namespaces: a service may share them with others of its project only."""
    for key, fine in _SHARED.items():
        value = service.get(key) or ""
        if value in fine or re.fullmatch(r"service:[\w.-]+", str(value)):
            continue
        code = "foreign_container" if str(value).startswith("container:") else "host_namespace"
        if key == "network_mode" and value == "host":
            code = "host_network"
        yield Problem(f"{path}.{key}", code, f"shares what is not the site's: {shown(value)}")


def _own_problems(path: str, service: dict[str, Any], site: Site) -> Problems:
    name = service.get("container_name")
    if name and not str(name).startswith(f"{site.project}-"):
        message = f"a container of the site is called {site.project}-…, this one {shown(name)}"
        yield Problem(f"{path}.container_name", "container_name", message)
    for key in ("env_file", "label_file"):
        for each in several(service.get(key)):
            file = mapping(each).get("path") if isinstance(each, dict) else each
            if not site.holds(file):
                message = f"outside the site's folder: {shown(file)}"
                yield Problem(f"{path}.{key}", "file_outside", message)
    if any("host-gateway" in str(each) for each in several(service.get("extra_hosts"))):
        message = "reaches what listens on the host itself"
        yield Problem(f"{path}.extra_hosts", "host_gateway", message, warning=True)


def _limit_problems(path: str, service: dict[str, Any]) -> Problems:
    deploy = mapping(service.get("deploy"))
    resources = mapping(deploy.get("resources"))
    if is_set(mapping(resources.get("reservations")).get("devices")):
        yield Problem(f"{path}.deploy", "device", "reaches a device of the host")
    if not is_set(service.get("mem_limit")) and not is_set(
        mapping(resources.get("limits")).get("memory")
    ):
        yield Problem(path, "no_memory_limit", "may take all memory of the host", warning=True)
    if not _has_log_limit(mapping(service.get("logging"))):
        yield Problem(path, "no_log_limit", "its log may fill the host's disk", warning=True)
    if service.get("restart") in (None, "", "no") and not deploy.get("restart_policy"):
        yield Problem(path, "no_restart", "does not come back when it has ended", warning=True)


def _has_log_limit(logging: dict[str, Any]) -> bool:
    """json-file alone keeps everything; the others rotate or keep nothing on the host."""
    driver = logging.get("driver") or "json-file"
    return driver != "json-file" or is_set(mapping(logging.get("options")).get("max-size"))
