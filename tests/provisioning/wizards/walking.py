"""Hosts that answer as told, and the tests of them that a worker would run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers.keys import generate_ed25519
from provisioning.drivers.preflight import Step
from provisioning.models import Operation
from sites.fingerprint import fingerprint

SHOWN = generate_ed25519("host").public_line
FINGERPRINT = fingerprint(SHOWN)
CONNECTION = {"name": "web9", "address": "192.0.2.9", "username": "deploy"}
GOOD = ("reach", "key", "login", "shell", "docker", "compose", "disk")


class Network:
    """What the next test of a host meets: ``wrong`` is the step that fails, and its code."""

    def __init__(self) -> None:
        self.wrong: tuple[str, str] | None = None

    def preflight(self, target: Any, *, offered: Any) -> Iterator[Step]:
        offered(target)
        if not target.host_key:
            yield Step("reach", "ok", "an SSH server answers")
            yield Step("key", "failed", "not approved yet", "host_key_unknown", "Compare it.")
            return
        for name in GOOD:
            if self.wrong and name == self.wrong[0]:
                yield Step(name, "failed", f"web9: {name} failed", self.wrong[1], "Do something.")
                if name in ("reach", "key", "login", "shell"):
                    return
            else:
                yield Step(name, "ok", f"{name} works")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network()
    monkeypatch.setattr("provisioning.operations.host_test.preflight", made.preflight)
    monkeypatch.setattr("provisioning.operations.host_test.key_of", lambda target: SHOWN)
    return made


def work() -> None:
    """What workers do: run all that waits."""
    for key in Operation.objects.active().values_list("pk", flat=True):
        engine.run(key)
