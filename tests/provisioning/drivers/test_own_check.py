from __future__ import annotations

from typing import Any

import pytest

from provisioning.drivers.own_check import command_of, passes


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (["CMD", "curl", "-f", "http://127.0.0.1/"], ("curl", "-f", "http://127.0.0.1/")),
        (["CMD-SHELL", "curl -f localhost || exit 1"],
         ("/bin/sh", "-c", "curl -f localhost || exit 1")),
        (["NONE"], ()),
        ([], ()),
        (["CMD", 7], ()),
        ("CMD", ()),
    ],
)  # fmt: skip
def test_the_command_of_a_check(test: Any, command: tuple[str, ...]) -> None:
    assert command_of({"Config": {"Healthcheck": {"Test": test}}}) == command


def test_a_container_without_a_check_has_no_command() -> None:
    assert command_of({"Config": {}}) == command_of({}) == ()


class Api:
    """Three calls of the SDK; an exec that tells these, one after the other."""

    def __init__(self, *told: dict[str, Any]) -> None:
        self.told = list(told)
        self.asked: list[object] = []

    def exec_create(self, name: str, command: list[str], **flags: bool) -> dict[str, str]:
        self.asked.append((name, command, flags))
        return {"Id": "e1"}

    def exec_start(self, key: str, *, detach: bool) -> None:
        self.asked.append((key, detach))

    def exec_inspect(self, key: str) -> dict[str, Any]:
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


RUNS = {"Running": True, "ExitCode": None}


@pytest.mark.parametrize(("code", "is_well"), [(0, True), (1, False), (127, False)])
def test_it_passes_by_its_code(code: int, is_well: bool) -> None:
    api = Api(RUNS, {"Running": False, "ExitCode": code})
    assert passes(api, "web", ("true",), within_s=5) is is_well
    assert api.asked == [("web", ["true"], {"stdout": False, "stderr": False}), ("e1", True)]


def test_one_that_does_not_end_passes_not() -> None:
    assert passes(Api(RUNS), "web", ("sleep", "9"), within_s=0) is False
