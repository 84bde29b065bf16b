"""A real Docker over a real SSH: odd values arrive, limits hold in the kernel, a refusal does
nothing, and what cannot start leaves nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning import engine
from provisioning.drivers import pool
from provisioning.inspecting import inspect
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from sites.models import Container, Host
from sites.rows import EVERYTHING
from tests.lab import Lab
from tests.lab.host import Host as LabHost
from tests.lab.images import BUSYBOX
from tests.provisioning.new_container.test_create import ODD
from tests.provisioning.proxy_lab import known
from tests.provisioning.rows import COMMAND

pytestmark = [pytest.mark.lab, pytest.mark.django_db]
NAME = "made-here"
MIB = 2**20
WAITS = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"
PLAIN: dict[str, Any] = {"name": NAME, "image": BUSYBOX, "command": ["sh", "-c", WAITS]}


@pytest.fixture
def lab_host(lab: Lab) -> Iterator[LabHost]:
    """Without what these tests make, after each."""
    yield lab.web1
    pool.close_all()
    lab.web1.run("docker", "rm", "--force", NAME, check=False)
    lab.web1.run("docker", "volume", "rm", f"{NAME}_data", check=False)
    lab.web1.run("docker", "network", "rm", f"{NAME}_default", f"{NAME}_back", check=False)
    lab.web1.run("rm", "-rf", "/srv/_containers")


@pytest.fixture
def host(lab_host: LabHost) -> Host:
    return known(lab_host)


def done(kind: str, target: Host | Container, **params: Any) -> Operation:
    row = engine.start(kind, target, actor=COMMAND, params=params)
    engine.run(row.pk)
    row.refresh_from_db()
    return row


def docker_s(lab_host: LabHost, name: str = NAME) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab_host.docker("inspect", name))[0]
    return found


def there(lab_host: LabHost) -> list[str]:
    """All containers, volumes, networks and folders of containers."""
    return [
        lab_host.docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}"),
        lab_host.docker("volume", "ls", "--format", "{{.Name}}"),
        lab_host.docker("network", "ls", "--format", "{{.ID}} {{.Name}}"),
        lab_host.run("ls", "-R", "/srv/_containers", check=False).stdout,
    ]


def in_kernel(lab_host: LabHost, file: str) -> str:
    """Of its control group, version 1 or 2, as the container itself sees it."""
    return lab_host.docker("exec", NAME, "sh", "-c", f"cat {file} 2>/dev/null; true").strip()


def test_odd_values_arrive_and_limits_hold(host: Host, lab_host: LabHost) -> None:
    canary = f"/tmp/canary-{os.getpid()}"
    odd = [*ODD, f"$(touch {canary})", f"'; touch {canary}; '"]
    made = done(
        "container.create", host, **PLAIN,
        environment={f"V{number}": text for number, text in enumerate(odd)},
        labels={f"l{number}": text for number, text in enumerate(odd)},
        ports=["127.0.0.1:18099:8080"],
        volumes=[f"{NAME}_data:/data", f"/srv/_containers/{NAME}/conf:/conf:ro"],
        networks=[f"{NAME}_default", f"{NAME}_back"],
        memory_bytes=64 * MIB, cpus=0.5, pids=50, restart="no",
    )  # fmt: skip
    assert made.status == "succeeded", made.message
    found = docker_s(lab_host)
    env = dict(one.split("=", 1) for one in found["Config"]["Env"])
    assert {f"V{number}": text for number, text in enumerate(odd)}.items() <= env.items()
    labels = found["Config"]["Labels"]
    assert {f"l{number}": text for number, text in enumerate(odd)}.items() <= labels.items()
    assert found["State"]["Running"] and found["Config"]["Cmd"] == PLAIN["command"]
    assert set(found["NetworkSettings"]["Networks"]) == {f"{NAME}_default", f"{NAME}_back"}
    assert [(one["Type"], one["Destination"], one["RW"]) for one in found["Mounts"]] in (
        [("volume", "/data", True), ("bind", "/conf", False)],
        [("bind", "/conf", False), ("volume", "/data", True)],
    )
    assert found["HostConfig"]["LogConfig"]["Config"] == {"max-file": "3", "max-size": "10m"}
    assert lab_host.run("ls", canary, check=False).returncode != 0 and not Path(canary).exists()
    _limits_are_changed(host, lab_host)
    told = inspect(Container.objects.get(name=NAME), user=EVERYTHING)["inspect"]
    assert "V0=•••" in told["Config"]["Env"] and ODD[0] not in str(told["Config"]["Env"])


def _limits_are_changed(host: Host, lab_host: LabHost) -> None:
    row = Container.objects.get(host=host, name=NAME)
    memory = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
    pids = "/sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max"
    assert (in_kernel(lab_host, memory), in_kernel(lab_host, pids)) == (str(64 * MIB), "50")
    done("container.limits", row, memory_bytes=128 * MIB, cpus=1, pids=60, restart="always")
    assert (in_kernel(lab_host, memory), in_kernel(lab_host, pids)) == (str(128 * MIB), "60")
    limits = docker_s(lab_host)["HostConfig"]
    assert (limits["NanoCpus"], limits["RestartPolicy"]["Name"]) == (1_000_000_000, "always")
    changed = done("container.limits", row, pids=1)
    assert (changed.status, changed.error_code) == ("failed", "below_use")
    beyond = done("container.limits", row, memory_bytes=96 * MIB, cpus=1000)
    assert beyond.status == "undone", beyond.message
    assert docker_s(lab_host)["HostConfig"] == limits
    assert (in_kernel(lab_host, memory), in_kernel(lab_host, pids)) == (str(128 * MIB), "60")


@pytest.mark.parametrize(
    "given",
    [
        {"privileged": True},
        {"cap_add": ["SYS_ADMIN"]},
        {"devices": ["/dev/kvm"]},
        {"networks": ["host"]},
        {"volumes": ["/:/host"]},
        {"volumes": ["/var/run/docker.sock:/s"]},
        {"labels": {"com.docker.compose.project": "shop"}},
    ],
    ids=str,
)
def test_what_is_forbidden_is_not_even_asked_for(
    given: dict[str, Any], host: Host, lab_host: LabHost
) -> None:
    before = there(lab_host)
    with pytest.raises(VerbError):
        engine.start("container.create", host, actor=COMMAND, params={**PLAIN, **given})
    assert there(lab_host) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"command": ["no-such-program"]}, "docker_error"),
        ({"ports": ["127.0.0.1:22:80"]}, "port_taken"),
    ],
    ids=str,
)
def test_what_cannot_start_leaves_nothing(
    given: dict[str, Any], code: str, host: Host, lab_host: LabHost
) -> None:
    before = there(lab_host)
    row = done(
        "container.create", host,
        **{**PLAIN, "volumes": [f"{NAME}_data:/data", f"/srv/_containers/{NAME}/c:/c"], **given},
    )  # fmt: skip
    assert row.status == "undone", row.message
    assert there(lab_host) == before


def test_a_link_that_leads_out_is_not_followed(host: Host, lab_host: LabHost) -> None:
    lab_host.run("mkdir", "-p", f"/srv/_containers/{NAME}")
    lab_host.run("ln", "-s", "/etc", f"/srv/_containers/{NAME}/etc")
    before = there(lab_host)
    row = done("container.create", host, **PLAIN, volumes=[f"/srv/_containers/{NAME}/etc:/e"])
    assert (row.status, row.error_code) == ("undone", "bind_outside")
    assert there(lab_host) == before
