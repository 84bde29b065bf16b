"""What Docker tells of a container, without its secrets and in a size that can be shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.inspect_masks import HARMLESS, MAX_CHARS, masked, masked_argv, masked_env

SECRET = "s3cr3t-Marker"


def shown(answer: Any, *, sees_host: bool = True) -> dict[str, Any]:
    return masked(answer, sees_host=sees_host)


def test_no_value_of_the_environment_is_shown_but_of_harmless_names() -> None:
    rows = ["PATH=/bin:/sbin", "LANG=C.UTF-8", "TZ=UTC", f"TITLE={SECRET}", "EMPTY=", "BARE", 7]
    assert masked_env(rows) == [
        "PATH=/bin:/sbin", "LANG=C.UTF-8", "TZ=UTC", "TITLE=•••", "EMPTY=", "BARE", "7",
    ]  # fmt: skip
    assert masked_env([f"PATH=postgres://a:{SECRET}@db/x"]) == ["PATH=postgres://a:•••@db/x"]


def test_a_harmless_name_is_a_whole_one() -> None:
    assert masked_env([f"MY_PATH={SECRET}", f"path={SECRET}"]) == ["MY_PATH=•••", "path=•••"]
    assert not [name for name in HARMLESS if "KEY" in name or "URL" in name or "PASS" in name]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["serve", "--password", SECRET], ["serve", "--password", "•••"]),
        (["--db-password", "--verbose"], ["--db-password", "--verbose"]),
        ([f"--api-key={SECRET}"], ["--api-key=•••"]),
        ([f"--url=redis://:{SECRET}@db"], ["--url=redis://:•••@db"]),
        (["sh", "-c", f"PASSWORD={SECRET} run"], ["sh", "-c", "PASSWORD=••• run"]),
        (["-H", f"Authorization: Bearer {SECRET}"], ["-H", "Authorization: Bearer •••"]),
        (["nginx", "-g", "daemon off;"], ["nginx", "-g", "daemon off;"]),
        ([None, 1], ["None", "1"]),
    ],
    ids=str,
)
def test_words_of_a_command(words: list[Any], found: list[str]) -> None:
    assert masked_argv(words) == found


def test_wherever_docker_repeats_them() -> None:
    answer = {
        "Path": "serve",
        "Args": ["--token", SECRET],
        "Config": {
            "Env": [f"A={SECRET}"],
            "Cmd": ["--token", SECRET],
            "Entrypoint": [f"--secret={SECRET}"],
            "Labels": {"traefik.auth.users": f"a:{SECRET}", "url": f"http://a:{SECRET}@x/"},
            "Healthcheck": {"Test": ["CMD", "check", "--password", SECRET]},
        },
        "State": {"Health": {"Log": [{"Output": f"password={SECRET}"}]}},
    }
    found = shown(answer)
    assert SECRET not in json.dumps(found)
    assert found["Config"]["Labels"] == {"traefik.auth.users": "•••", "url": "http://a:•••@x/"}


def test_how_the_host_is_laid_out_is_for_who_sees_the_host() -> None:
    answer = {
        "LogPath": "/var/lib/docker/x.log",
        "Mounts": [{"Source": "/srv/sites/a/data", "Destination": "/data"}],
        "HostConfig": {"Binds": ["/srv/sites/a:/x"], "Memory": 1},
    }
    assert shown(answer) == answer
    assert shown(answer, sees_host=False) == {
        "Mounts": [{"Source": "•••", "Destination": "/data"}],
        "HostConfig": {"Memory": 1},
    }


@pytest.mark.parametrize("answer", [None, [], "x", 1, {"a": {1: 2}}, {"\ud800": "\0\ud800"}])
def test_nonsense_of_a_hostile_host_is_nothing_bad(answer: Any) -> None:
    json.dumps(shown(answer), ensure_ascii=False).encode()


def test_its_size_is_bounded() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"in": deep}
    answer = {
        "Deep": deep,
        "Wide": {f"k{number}": "x" * 5_000 for number in range(1_000)},
        "Long": ["y" * 5_000] * 100_000,
        "Number": 10**400,
        "Name": "/web",
    }
    found = shown(answer)
    assert len(json.dumps(found)) < 2 * MAX_CHARS
    assert found["Name"] == "/web" and "left out" in found["Wide"]
