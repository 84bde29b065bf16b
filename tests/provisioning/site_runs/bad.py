"""Releases that are bad, each in its own way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.lab.images import BUSYBOX
from tests.provisioning.site_runs.bare import COMPOSE

Model = dict[str, Any]
SERVE: Final = "exec httpd -f -p 8080 -h /var/www"
WELL: Final = "echo well >/var/www/health"


@dataclass(frozen=True)
class Bad:
    """``compose`` is the text of the release, ``says`` what must be among the operation's words.

    ``full_disk`` is a folder of the host without a byte left, ``route`` a service that a domain
    leads to.
    """

    name: str
    compose: str
    says: str
    full_disk: str = ""
    route: str = ""


def _edited(edit: Callable[[Model], None]) -> str:
    model = copy.deepcopy(yaml.safe_load(COMPOSE))
    edit(model)
    return str(yaml.safe_dump(model))


def web(**values: Any) -> str:
    """The web service with these keys; None takes one away."""

    def edit(model: Model) -> None:
        service = model["services"]["web"] | values
        model["services"]["web"] = {key: one for key, one in service.items() if one is not None}

    return _edited(edit)


def program(text: str, **values: Any) -> str:
    return web(command=["sh", "-c", text.replace("$", "$$")], **values)


def answering(status: str) -> str:
    """Healthy all the same: what looks after itself does not look at its front page."""
    reply = rf"Status: {status}\r\nContent-Type: text/plain\r\n\r\nnot today\n"
    script = f"#!/bin/sh\nprintf '{reply}'\n"
    make = f"mkdir /var/www/cgi-bin; cat >/var/www/cgi-bin/index.cgi <<'END'\n{script}END\n"
    return program(f"{WELL}\n{make}chmod +x /var/www/cgi-bin/index.cgi\n{SERVE}")


def checked(command: str) -> Model:
    return {"test": ["CMD-SHELL", command], "interval": "1s", "timeout": "2s", "retries": 2}


def _without_web(model: Model) -> None:
    model["services"]["front"] = model["services"].pop("web")


def _sick_neighbour(model: Model) -> None:
    model["services"]["sick"] = {
        "image": BUSYBOX, "init": True, "command": ["sleep", "100000"],
        "healthcheck": checked("false"), "restart": "unless-stopped", "mem_limit": "64m",
    }  # fmt: skip
    model["services"]["web"]["depends_on"] = {"sick": {"condition": "service_healthy"}}


def _lost_network(model: Model) -> None:
    model["networks"]["lost"] = {"external": True, "name": "lost"}
    model["services"]["web"]["networks"].append("lost")


_LATE: Final = "(sleep 2; rm /var/www/health; sleep 5; echo late >/var/www/index.html) &"
_IMAGE: Final = (
    Bad("image that is not there", web(image="siteflow/nowhere:1"), "siteflow/nowhere"),
    Bad("tag that is not there", web(image="siteflow/busybox:99"), "siteflow/busybox"),
    Bad("registry that does not answer", web(image="127.0.0.1:9/shop:1"), "127.0.0.1:9"),
    Bad("image that is no name", web(image="Not An Image"), "Not An Image"),
    Bad("build of nothing", web(build="./app"), "app"),
)
_CRASHES: Final = (
    Bad("crashes at start", program("echo 'no configuration' >&2; exit 7"), "no configuration"),
    Bad("crashes at start, unchecked",
        program("echo 'no configuration' >&2; exit 7", healthcheck=None), "no configuration"),
    Bad("crashes after two seconds",
        program("sleep 2; echo 'lost its database' >&2; exit 7", healthcheck=None),
        "lost its database"),
    Bad("ends at once, well", program("echo 'nothing to do'", healthcheck=None), "nothing to do"),
    Bad("takes too much memory",
        program("echo 'reads it all'; dd if=/dev/zero of=/dev/null bs=64M count=1; exit $?",
                mem_limit="8m", healthcheck=None), "code 137"),
    Bad("program that is none", web(entrypoint=["/etc/passwd"]), "Permission denied"),
    Bad("program that is not there", web(entrypoint=["/no/such"]), "/no/such"),
    Bad("user that is not there", web(user="nobody99"), "nobody99"),
)  # fmt: skip
_UNWELL: Final = (
    Bad("never healthy", web(healthcheck=checked("false")), "unhealthy"),
    Bad("health turns bad", program(f"{WELL}\n{_LATE}\n{SERVE}"), "unhealthy"),
    Bad("neighbour never healthy", _edited(_sick_neighbour), "sick"),
    Bad("place that cannot be written", web(read_only=True), "Read-only file system"),
    Bad("listens elsewhere", program("exec httpd -f -p 8081 -h /var/www",
        healthcheck=checked("wget -q -O- http://127.0.0.1:8081/etc || true")), "refused"),
    Bad("listens to itself only", program(f"{WELL}\nexec httpd -f -p 127.0.0.1:8080 -h /var/www"),
        "refused"),
    Bad("never answers", program("exec nc -ll -p 8080 -e sleep 1000", healthcheck=checked("true")),
        "does not answer"),
    Bad("answers 502", answering("502 Bad Gateway"), "status 502"),
    Bad("answers 500", answering("500 Internal Server Error"), "status 500"),
    Bad("answers 404", answering("404 Not Found"), "status 404"),
)  # fmt: skip
_COMPOSE: Final = (
    Bad("no YAML", "services: [", "compose:"),
    Bad("no services", "volumes: {}\n", "no services"),
    Bad("key that is not known", web(imagee="x"), "imagee"),
    Bad("variable that has no value", web(environment={"X": "${NOWHERE:?must be set}"}), "NOWHERE"),
    Bad("network that is not defined", web(networks=["default", "lost"]), "lost"),
    Bad("network that is not there", _edited(_lost_network), "lost"),
    Bad("volume that is not defined", web(volumes=["lost:/x"]), "lost"),
    Bad("depends on itself", web(depends_on=["web"]), "web"),
    Bad("depends on nothing", web(depends_on=["lost"]), "lost"),
    Bad("environment file that is not there", web(env_file=["lost.env"]), "lost.env"),
    Bad("without its web service", _edited(_without_web), "web, which the compose file"),
    Bad("all rights on the host", web(privileged=True), "all rights"),
    Bad("the way to Docker", web(volumes=["/var/run/docker.sock:/s"]), "ocker"),
    Bad("the host's network", web(network_mode="host", networks=None), "network_mode"),
)
_HOST: Final = (
    Bad("port of another container", web(ports=["80:8080"]), "port 80"),
    Bad("port of the host itself", web(ports=["22:8080"]), "22"),
    Bad("mount that Docker refuses", web(tmpfs=["relative"]), "relative"),
    Bad("less memory than Docker takes", web(mem_limit="1m"), "emory"),
    Bad("more processors than there are", web(cpus=9999), "CPU"),
    Bad("disk is full", COMPOSE, "No space left", full_disk="/srv"),
    Bad(
        "disk is full for its files",
        COMPOSE,
        "No space left",
        full_disk="/srv/sites/corner/releases",
    ),
    Bad("route to no service", COMPOSE, "lost", route="lost"),
)
BAD: Final = (*_IMAGE, *_CRASHES, *_UNWELL, *_COMPOSE, *_HOST)
