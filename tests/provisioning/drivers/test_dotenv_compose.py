"""What the real Compose reads from a ``.env`` of ours, and what it hands to a container."""

from __future__ import annotations

import base64
import json

import pytest

from provisioning.drivers.dotenv import dump, load
from tests.lab.images import BUSYBOX
from tests.lab.lab import Lab
from tests.provisioning.drivers.test_dotenv import HANDWRITTEN, READ, everything

pytestmark = pytest.mark.lab
FOLDER = "/srv/dotenv"
COMPOSE = ("compose", "--project-directory", FOLDER)


def write(lab: Lab, text: str, names: list[str]) -> None:
    """A project whose service gets the file itself, and each value once more by interpolation."""
    again = {f"AGAIN_{name}": f"${{{name}}}" for name in names}
    service = {"image": BUSYBOX, "init": True, "env_file": ".env", "environment": again}
    lab.web1.write_text(f"{FOLDER}/compose.yml", json.dumps({"services": {"web": service}}))
    lab.web1.path(f"{FOLDER}/.env").write_bytes(text.encode())


def test_compose_reads_every_value_byte_for_byte(lab: Lab) -> None:
    env = everything()
    write(lab, dump(env), list(env))
    model = json.loads(lab.web1.docker(*COMPOSE, "config", "--format", "json"))
    read = model["services"]["web"]["environment"]
    assert {name: read[name].replace("$$", "$") for name in env} == env
    assert {name: read[f"AGAIN_{name}"].replace("$$", "$") for name in env} == env


def test_a_container_gets_every_value_byte_for_byte(lab: Lab) -> None:
    env = everything()
    write(lab, dump(env), list(env))
    run = ("run", "--rm", "-T", "web", "base64", "/proc/self/environ")
    environ = base64.b64decode(lab.web1.docker(*COMPOSE, *run)).decode()
    got = dict(line.split("=", 1) for line in environ.split("\0")[:-1])
    lab.web1.docker(*COMPOSE, "down")
    assert {name: got[name] for name in env} == env
    assert {name: got[f"AGAIN_{name}"] for name in env} == env


def test_we_read_what_compose_reads(lab: Lab) -> None:
    write(lab, HANDWRITTEN, [])
    model = json.loads(lab.web1.docker(*COMPOSE, "config", "--format", "json"))
    read = model["services"]["web"]["environment"]
    assert {name: value.replace("$$", "$") for name, value in read.items()} == READ
    assert load(HANDWRITTEN) == READ
