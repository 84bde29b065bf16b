"""What a user gets: each shipped template, made by SiteFlow on a host, with the real software.

Building it takes minutes on a new machine, so `make templates` runs this apart.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from provisioning import engine
from provisioning.models import Quarantine, Step
from provisioning.new_site import provision_new
from provisioning.plans.asking import plan_new
from provisioning.site_templates.library import shipped
from sites.models import Host, Site
from tests.lab import Lab
from tests.lab.command import LabError, wait_until
from tests.lab.host import Host as LabHost
from tests.lab.site_images import site_engine
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import did, told, words
from tests.provisioning.site_runs.ground import ended
from tests.provisioning.site_runs.software import EMAIL, MARKS
from tests.provisioning.site_runs.visitor import visitor
from tests.provisioning.site_runs.world import differences, world

pytestmark = [pytest.mark.lab, pytest.mark.software]
NAMES: Final = sorted(shipped())
BACK_S: Final = 180  # four databases and a Next.js that all start at once, on two processors
Timed = Callable[[str], Any]


@pytest.fixture
def software(lab: Lab) -> Iterator[None]:
    """Before the place: its proxy is to be in the same Engine."""
    with site_engine(lab.web1):
        yield


@pytest.fixture
def timed() -> Iterator[Timed]:
    """How long each thing took, told at the end."""
    took: list[tuple[str, float]] = []

    @contextmanager
    def one(what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        took.append((what, time.monotonic() - begun))

    yield one
    print("\n".join(f"{seconds:7.1f} s  {what}" for what, seconds in took))


def test_what_a_user_gets(software: None, place: Host, lab: Lab, timed: Timed) -> None:
    assert sorted(MARKS) == NAMES
    before = world(lab.web1)
    for name in NAMES:
        with timed(f"{name}: from plan to site"):
            provisioned(place, name)
        check(lab.web1, name)
        left_to_docker(lab.web1, name)
    assert in_proxys_network(lab.web1) == {"caddy", *(f"my-{name}-web-1" for name in NAMES)}
    with timed("all four: Docker started anew"):
        lab.web1.restart_dockerd()
        for name in NAMES:
            wait_until(lambda name=name: is_back(lab.web1, name), what=name, timeout_s=BACK_S)  # type: ignore[misc]
    for name in NAMES:
        with timed(f"{name}: removed"):
            removed(name)
    lab.web1.run("rmdir", "/srv/.quarantine")
    assert not differences(before, world(lab.web1))
    assert "my-" not in lab.web1.docker("images", "--format", "{{.Repository}}")


def provisioned(place: Host, name: str) -> None:
    params = {"admin_email": EMAIL} if "admin_email" in properties(name) else {}
    given = told(f"my-{name}", template=name, domain=domain(name), tls="internal", params=params)
    plan = plan_new(place, given)
    assert not plan.blocking, plan.problems
    _, operation = provision_new(place, given, actor=COMMAND, plan_digest=plan.digest)
    ended(operation)
    assert operation.status == "succeeded", words(operation)
    steps = operation.steps.order_by("pk")
    print(name, *(f"{one.name} {_seconds(one):.1f} s," for one in steps))


def _seconds(step: Step) -> float:
    return (step.finished_at - step.started_at).total_seconds() if step.finished_at else 0.0


def properties(name: str) -> set[str]:
    return set(shipped()[name].manifest.params.properties)


def domain(name: str) -> str:
    return f"{name}.example.test"


def check(host: LabHost, name: str) -> None:
    env = Site.objects.get(name=f"my-{name}").releases.get().reveal()
    MARKS[name](visitor(host, domain(name)), env)


def is_back(host: LabHost, name: str) -> bool:
    """Not yet: nobody listens, or what listens says so by a 5xx."""
    try:
        check(host, name)
    except (OSError, LabError, AssertionError):
        return False
    return True


def left_to_docker(host: LabHost, name: str) -> None:
    """If SiteFlow disappears: `docker compose up -d` in the site's folder finds all as it is."""
    there = world(host).containers
    host.docker("compose", "--project-directory", f"/srv/sites/my-{name}", "up", "--detach")
    assert world(host).containers == there


def in_proxys_network(host: LabHost) -> set[str]:
    found = json.loads(host.docker("network", "inspect", "siteflow_proxy"))[0]["Containers"]
    return {one["Name"] for one in found.values()}


def removed(name: str) -> None:
    site = Site.objects.get(name=f"my-{name}")
    gone = did(site, "site.deprovision", remove_volumes=True, remove_files=True)
    assert gone.status == "succeeded", words(gone)
    kept = Quarantine.objects.get()
    purged = engine.start("quarantine.purge", kept, actor=COMMAND, confirm_name=f"my-{name}")
    assert ended(purged).status == "succeeded", words(purged)
