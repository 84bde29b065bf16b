from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import Result
from provisioning.drivers.keys import generate_ed25519
from provisioning.drivers.preflight import Step, preflight
from provisioning.drivers.target import LocalTarget, Login, SshTarget, Target

KEY = generate_ed25519("").public_line
OTHER = generate_ed25519("").public_line
TARGET = SshTarget("web1", "10.0.0.1", 22, "root", Login("password", "hidden"), KEY)
ALL = ["reach", "key", "login", "shell", "docker", "compose", "disk"]


@pytest.fixture
def host() -> FakeHost:
    """A host on which all is well."""
    made = FakeHost()
    made.answer_by("printf", answer=lambda argv: Result(0, argv[2], "", False, 1))
    made.answer("docker", "compose", stdout="2.29.7\n")
    made.answer("df", stdout="/dev/vda1 100 40 60 40% /\n")
    return made


def walk(host: FakeHost, target: Target = TARGET, shown: str = KEY) -> list[Step]:
    return list(preflight(target, offered=lambda _: shown, driver=lambda _: host))


def verdicts(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.verdict for step in steps}


def test_all_is_well(host: FakeHost) -> None:
    steps = walk(host)
    assert [step.name for step in steps] == ALL
    assert set(verdicts(steps).values()) == {"ok"}
    assert "hidden" not in repr(steps)
    assert host.closed


def test_this_machine(host: FakeHost) -> None:
    steps = walk(host, LocalTarget("here"))
    assert [step.name for step in steps] == ALL
    assert set(verdicts(steps).values()) == {"ok"}


def test_steps_come_as_they_are_done(host: FakeHost) -> None:
    steps = preflight(TARGET, offered=lambda _: KEY, driver=lambda _: host)
    assert [next(steps).name, next(steps).name] == ["reach", "key"]
    assert host.ran == []


@pytest.mark.parametrize(
    ("shown", "pinned", "code"),
    [(KEY, "", "host_key_unknown"), (OTHER, KEY, "host_key_changed")],
)
def test_nothing_is_sent_to_an_unproven_key(
    host: FakeHost, shown: str, pinned: str, code: str
) -> None:
    steps = walk(host, replace(TARGET, host_key=pinned), shown)
    assert steps[1].code == code
    assert steps[1].advice
    assert [step.verdict for step in steps[2:]] == ["skipped"] * 5
    assert host.ran == []


def test_an_unreachable_host() -> None:
    def offered(_: SshTarget) -> str:
        raise DriverError("web1 (10.0.0.1:22): connection refused", "refused")

    steps = list(preflight(TARGET, offered=offered))
    assert steps[0] == replace(
        steps[0], verdict="failed", code="refused", message="web1 (10.0.0.1:22): connection refused"
    )
    assert [step.verdict for step in steps[1:]] == ["skipped"] * 6


def test_a_shell_that_changes_words(host: FakeHost) -> None:
    host.answer("printf", stdout="something else")
    steps = walk(host)
    assert verdicts(steps)["shell"] == "failed"
    assert verdicts(steps)["docker"] == "skipped"


def test_refused_sudo(host: FakeHost) -> None:
    host.answer_by("docker", "--version", answer=DriverError("no", "sudo_refused"))
    steps = walk(host, replace(TARGET, username="deploy", sudo=True))
    assert [step.name for step in steps] == [*ALL[:4], "sudo", *ALL[4:]]
    assert verdicts(steps)["sudo"] == "failed"
    assert verdicts(steps)["docker"] == "skipped"


def test_without_docker_the_disk_is_still_looked_at(host: FakeHost) -> None:
    host.fail("version", DriverError("no docker", "docker_missing"))
    steps = walk(host)
    found = verdicts(steps)
    assert (found["docker"], found["compose"], found["disk"]) == ("failed", "skipped", "ok")
    assert ("df", "-P", "-k", "/") in host.ran


def test_the_disk_of_docker_is_looked_at(host: FakeHost) -> None:
    walk(host)
    assert ("df", "-P", "-k", "/", "/var/lib/docker") in host.ran


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        ({"stdout": "1.29.2\n"}, "warning", "compose_old"),
        ({"exit_code": 127}, "warning", "compose_missing"),
    ],
)
def test_compose(host: FakeHost, answer: dict[str, object], verdict: str, code: str) -> None:
    host.answer("docker", "compose", exit_code=1)
    host.answer("docker-compose", **answer)  # type: ignore[arg-type]
    step = walk(host)[5]
    assert (step.verdict, step.code) == (verdict, code)


@pytest.mark.parametrize(
    ("used", "verdict"), [(85, "ok"), (86, "warning"), (97, "warning"), (98, "failed")]
)
def test_how_full_the_fullest_disk_is(host: FakeHost, used: int, verdict: str) -> None:
    rows = f"/dev/vda1 100 10 90 10% /\n/dev/vdb 100 {used} {100 - used} x% /var/lib/docker\n"
    host.answer("df", stdout=rows)
    step = walk(host)[6]
    assert step.verdict == verdict
    assert step.message.endswith(f"/var/lib/docker is {used} % full")
