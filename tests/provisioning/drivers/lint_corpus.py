"""Resolved compose models: a good one, its changes that are refused, and others that are fine."""

from __future__ import annotations

from typing import Any, Final

FOLDER: Final = "/srv/sites/acme/shop"
Model = dict[str, Any]

WEB: Final[Model] = {
    "image": "nginx:1.27",
    "restart": "unless-stopped",
    "mem_limit": "268435456",
    "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    "networks": {"default": None, "siteflow_proxy": None},
    "healthcheck": {"test": ["CMD", "true"], "interval": "10s"},
    "environment": {"TITLE": "it costs $$5"},
    "volumes": [
        {"type": "volume", "source": "data", "target": "/data", "volume": {}},
        {"type": "bind", "source": f"{FOLDER}/data", "target": "/d", "bind": {}},
        {"type": "tmpfs", "target": "/tmp"},
    ],
}
BASE: Final[Model] = {
    "name": "shop",
    "services": {"web": WEB},
    "networks": {
        "default": {"name": "shop_default", "ipam": {}},
        "siteflow_proxy": {"name": "siteflow_proxy", "external": True},
    },
    "volumes": {"data": {"name": "shop_data"}},
}


def web(**changes: Any) -> Model:
    """The good model with another service ``web``; None takes a key away."""
    changed = {key: value for key, value in (WEB | changes).items() if value is not None}
    return BASE | {"services": {"web": changed}}


def bind(source: str, **more: Any) -> Model:
    return web(volumes=[{"type": "bind", "source": source, "target": "/x", **more}])


def volume(**changes: Any) -> Model:
    return BASE | {"volumes": {"data": {"name": "shop_data"} | changes}}


def network(**changes: Any) -> Model:
    return BASE | {"networks": BASE["networks"] | {"default": {"name": "shop_default"} | changes}}


def port(target: int, host_ip: str = "", published: str = "", **more: Any) -> Model:
    given = {"mode": "ingress", "target": target, "protocol": "tcp"}
    given |= {"host_ip": host_ip} if host_ip else {}
    given |= {"published": published} if published else {}
    return web(ports=[given], **more)


def build(**changes: Any) -> Model:
    return web(build={"context": f"{FOLDER}/build", "dockerfile": "Dockerfile"} | changes)


BAD: Final[list[tuple[str, Model]]] = [
    ("privileged", web(privileged=True)),
    ("privileged", web(privileged="yes")),
    ("privileged", web(post_start=[{"command": ["x"], "privileged": True}])),
    ("privileged", web(pre_stop={"command": ["x"], "privileged": True})),
    ("capability", web(cap_add=["SYS_ADMIN"])),
    ("capability", web(cap_add=["CHOWN", "cap_net_admin"])),
    ("capability", web(cap_add="ALL")),
    ("capability", web(cap_add=["SYS_PTRACE"])),
    ("device", web(devices=[{"source": "/dev/sda", "target": "/dev/sda"}])),
    ("device", web(devices=["/dev/kvm"])),
    ("device", web(device_cgroup_rules=["c 1:3 mr"])),
    ("device", web(gpus="all")),
    ("device", web(deploy={"resources": {"reservations": {"devices": [{"driver": "nvidia"}]}}})),
    ("host_network", web(network_mode="host")),
    ("host_namespace", web(network_mode="bridge")),
    ("foreign_container", web(network_mode="container:other")),
    ("host_namespace", web(pid="host")),
    ("foreign_container", web(pid="container:other")),
    ("host_namespace", web(ipc="host")),
    ("foreign_container", web(ipc="container:other")),
    ("host_namespace", web(uts="host")),
    ("host_namespace", web(userns_mode="host")),
    ("host_namespace", web(cgroup="host")),
    ("cgroup_parent", web(cgroup_parent="/")),
    ("security_opt", web(security_opt=["seccomp:unconfined"])),
    ("security_opt", web(security_opt=["apparmor=unconfined"])),
    ("security_opt", web(security_opt=["label:disable"])),
    ("security_opt", web(security_opt=["systempaths=unconfined"])),
    ("security_opt", web(security_opt=["no-new-privileges:false"])),
    ("sysctl", web(sysctls={"kernel.core_pattern": "|/x"})),
    ("sysctl", web(sysctls=["net.ipv4.ip_forward=1"])),
    ("runtime", web(runtime="runsc")),
    ("credential_spec", web(credential_spec={"file": "x.json"})),
    ("oom", web(oom_kill_disable=True)),
    ("provider", web(provider={"type": "x"})),
    ("docker_socket", web(use_api_socket=True)),
    ("docker_socket", bind("/var/run/docker.sock")),
    ("docker_socket", bind("/run/docker.sock", read_only=True)),
    ("docker_socket", bind(f"{FOLDER}/../../../run/docker.sock")),
    ("docker_socket", bind("/run/containerd/containerd.sock")),
    ("docker_socket", bind("/var/run")),
    ("docker_socket", bind("/")),
    ("bind_outside", bind("/etc")),
    ("bind_outside", bind("/etc/passwd", read_only=True)),
    ("bind_outside", bind("/srv/sites/acme")),
    ("bind_outside", bind("/srv/sites/acme/other/data")),
    ("bind_outside", bind(f"{FOLDER}2/data")),
    ("bind_outside", bind(f"{FOLDER}/../other")),
    ("bind_outside", bind(f"{FOLDER}/data/../../../x")),
    ("bind_outside", bind(FOLDER)),
    ("bind_outside", bind("data")),
    ("bind_outside", bind("")),
    ("bind_outside", web(volumes=[{"type": "bind", "source": ["/etc"], "target": "/x"}])),
    ("bind_control", bind(f"{FOLDER}/compose.yml")),
    ("bind_control", bind(f"{FOLDER}/data/../.env")),
    ("bind_control", bind(f"{FOLDER}/releases/3")),
    ("propagation", bind(f"{FOLDER}/data", bind={"propagation": "rshared"})),
    ("not_known", web(volumes=["/etc:/x"])),
    ("not_known", web(volumes=[{"type": "npipe", "source": "x", "target": "/x"}])),
    ("volume_name", web(volumes=[{"type": "volume", "target": "/x"}])),
    ("foreign_volume", web(volumes=[{"type": "volume", "source": "other_db", "target": "/x"}])),
    ("foreign_volume", web(volumes=[{"type": "volume", "source": ["x"], "target": "/x"}])),
    ("foreign_container", web(volumes_from=["container:other"])),
    ("foreign_container", web(external_links=["other"])),
    ("volume_name", volume(name="other_data")),
    ("volume_name", volume(name="shop")),
    ("volume_name", volume(name=None)),
    ("external_volume", volume(name="other_db", external=True)),
    ("volume_driver", volume(driver="rclone")),
    ("bind_outside", volume(driver_opts={"type": "none", "o": "bind", "device": "/etc"})),
    ("docker_socket", volume(driver_opts={"o": "bind", "device": "/run/docker.sock"})),
    ("bind_control", volume(driver_opts={"o": "rbind", "device": f"{FOLDER}/releases"})),
    ("volume_options", volume(driver_opts={"type": "nfs", "o": "addr=10.0.0.1", "device": ":/x"})),
    ("volume_options", volume(driver_opts={"type": "ext4", "device": "/dev/sda1"})),
    (
        "volume_options",
        volume(driver_opts={"type": "overlay", "o": "lowerdir=/etc"}),
    ),
    ("foreign_network", network(name="other_default", external=True)),
    ("foreign_network", network(name="other_default")),
    ("foreign_network", network(name="host", external=True)),
    ("foreign_network", network(name="siteflow_proxy")),
    ("network_driver", network(driver="macvlan", driver_opts={"parent": "eth0"})),
    ("network_driver", network(driver="host")),
    ("network_driver", network(driver_opts={"com.docker.network.bridge.name": "docker0"})),
    ("file_outside", BASE | {"secrets": {"s": {"name": "shop_s", "file": "/etc/shadow"}}}),
    ("file_outside", BASE | {"configs": {"c": {"name": "shop_c", "file": f"{FOLDER}/../x"}}}),
    ("foreign_file", BASE | {"secrets": {"s": {"name": "other", "external": True}}}),
    ("file_outside", web(env_file=[{"path": "/etc/passwd", "required": True}])),
    ("file_outside", web(label_file=["/etc/passwd"])),
    ("container_name", web(container_name="other-web-1")),
    ("container_name", web(container_name="caddy")),
    ("image_tag", web(image="nginx")),
    ("image_tag", web(image="nginx:latest")),
    ("image_tag", web(image="registry.example:5000/a/nginx")),
    ("bad_image", web(image="Nginx 1")),
    ("bad_image", web(image=["nginx:1"])),
    ("bad_image", web(image="nginx:1 --privileged")),
    ("no_image", web(image=None)),
    ("build_outside", build(context="/etc")),
    ("build_outside", build(context="/srv/sites/acme")),
    ("build_outside", build(dockerfile="/etc/Dockerfile")),
    ("build_outside", build(dockerfile="../../Dockerfile")),
    ("build_outside", build(additional_contexts={"x": "/root"})),
    ("build_remote", build(context="https://example.com/x.git")),
    ("build_remote", build(additional_contexts={"x": "https://example.com/x.tar"})),
    ("build_remote", web(build="git@example.com:x/y.git")),
    ("host_network", build(network="host")),
    ("build_rights", build(privileged=True)),
    ("build_rights", build(entitlements=["security.insecure"])),
    ("build_rights", build(ssh=["default"])),
    ("build_rights", build(tags=["nginx:1.27"])),
    ("not_known", build(something_new=1)),
    ("database_port", port(5432, published="5432")),
    ("database_port", port(3306)),
    ("database_port", port(27017, "0.0.0.0", "27017")),  # noqa: S104
    ("database_port", port(6379, "::", "6379")),
    ("database_port", port(80, published="5432")),
    ("database_port", port(7777, published="7777", image="mariadb:11")),
    ("database_port", port(7777, "10.0.0.5", "7777", image="registry.example/x/mongo:7")),
    ("database_port", port(7777, published="7777", image="bitnami/postgresql:16")),
    ("not_known", web(ports=["5432:5432"])),
    ("not_known", web(something_new={"a": 1})),
    ("not_known", BASE | {"models": {"llm": {"model": "x"}}}),
    ("not_resolved", web(extends={"file": "/etc/x.yml", "service": "y"})),
    ("project_name", BASE | {"name": "other"}),
    ("no_service", BASE | {"services": {}}),
    ("no_image", BASE | {"services": {"web": "nginx:1.27"}}),
]

WARNED: Final[list[tuple[str, Model]]] = [
    ("no_memory_limit", web(mem_limit=None)),
    ("no_log_limit", web(logging=None)),
    ("no_log_limit", web(logging={"driver": "json-file", "options": {"max-file": "3"}})),
    ("no_restart", web(restart=None)),
    ("no_restart", web(restart="no")),
    ("published_port", port(8080, published="8080")),
    ("host_gateway", web(extra_hosts=["host.docker.internal=host-gateway"])),
]

GOOD: Final[list[Model]] = [
    BASE,
    web(cap_add=["NET_BIND_SERVICE"], cap_drop=["ALL"]),
    web(cap_add=["CAP_CHOWN", "setuid"]),
    web(security_opt=["no-new-privileges:true"]),
    web(security_opt=["no-new-privileges"], read_only=True, user="1000:1000"),
    web(privileged=False, devices=[], sysctls={}, network_mode=None),
    web(network_mode="service:db", networks=None),
    web(network_mode="none", networks=None),
    web(pid="service:db", ipc="private"),
    web(image="registry.example:5000/a/b/nginx:1.27-alpine"),
    web(image="nginx@sha256:" + "ab" * 32),
    web(image="nginx:latest@sha256:" + "ab" * 32),
    web(mem_limit=None, deploy={"resources": {"limits": {"memory": "268435456"}}}),
    web(restart=None, deploy={"restart_policy": {"condition": "any"}}),
    web(logging={"driver": "local"}),
    web(logging={"driver": "syslog", "options": {"syslog-address": "udp://10.0.0.1:514"}}),
    bind(f"{FOLDER}/data/uploads"),
    bind(f"{FOLDER}/releases/3/nginx.conf", read_only=True),
    bind(f"{FOLDER}/./conf//x"),
    volume(driver="local", driver_opts={}),
    volume(driver_opts={"type": "none", "o": "bind", "device": f"{FOLDER}/data"}),
    volume(name="shop_data", external=True),
    network(internal=True, driver="bridge", ipam={"config": [{"subnet": "10.9.0.0/24"}]}),
    build(args={"V": "1"}, target="web", additional_contexts={"base": "docker-image://debian:12"}),
    build(dockerfile=None, dockerfile_inline="FROM debian:12"),
    web(image=None, build={"context": f"{FOLDER}/build"}),
    port(5432, "127.0.0.1", "5432"),
    port(3306, "::1", "3306", image="mysql:8.4"),
    web(container_name="shop-web"),
    BASE | {"secrets": {"s": {"name": "shop_s", "file": f"{FOLDER}/secrets/s"}}},
    BASE | {"secrets": {"s": {"environment": "DB_PASSWORD"}}, "configs": {"c": {"content": "x"}}},
    BASE | {"x-common": {"privileged": True}},
    web(healthcheck={"disable": True}, init=True, tty=True, stop_grace_period="1m0s"),
    web(post_start=[{"command": ["x"]}], depends_on={"db": {"condition": "service_healthy"}}),
]
