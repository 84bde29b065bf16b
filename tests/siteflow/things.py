"""One of each thing, in a state in which everything of the API can be asked of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.alerts.models import Rule
from monitoring.notify.models import Channel
from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_logs import FakeLog, FakeLogStream
from provisioning.drivers.keys import generate_ed25519
from provisioning.models import Operation, Wizard
from provisioning.site_templates.models import SiteTemplate
from sites.models import Container, Domain, Host
from tests.monitoring.alerts.things import make_alert, make_window
from tests.people import person
from tests.provisioning.conftest import fake
from tests.provisioning.logs.things import make_archive
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import (
    make_quarantine,
    make_release,
    make_rollout,
    make_site,
    nothing_there,
)
from tests.provisioning.things.on_host import fill
from tests.siteflow.permission_table import CONNECTION, TEMPLATE

__all__ = ["fake"]
Things = dict[str, int]
SLUG = "plain"  # of a template


def no_lines(*_: Any, **given: Any) -> FakeLogStream:
    """The log of whatever container, and nothing in it."""
    return FakeLogStream(FakeLog(), [], at=0, follow=given["follow"], who="fake")


@pytest.fixture
def things(
    db: None, fake: FakeHost, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Things:
    """One of each, in a state in which everything can be asked of it."""
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr("provisioning.operations.domains._COST", 4)  # of thousands of hashes
    monkeypatch.setattr("provisioning.logs.reading.host_driver", lambda target: fake)
    monkeypatch.setattr("provisioning.things.asking.host_driver", lambda target: fake)
    fill(fake)
    monkeypatch.setattr("provisioning.inspecting.host_driver", lambda target: fake)
    monkeypatch.setattr("provisioning.new_container.planning.host_driver", lambda target: fake)
    monkeypatch.setattr(fake.docker, "logs", lambda *args, **given: [], raising=False)
    monkeypatch.setattr(fake.docker, "log_stream", no_lines, raising=False)
    monkeypatch.setattr(fake.docker, "inspect", lambda *args: {}, raising=False)
    host = make_host(offered_key=generate_ed25519("").public_line)
    container = make_container(host, "shop-web-1")
    template = SiteTemplate.objects.create(slug=SLUG)
    template.versions.create(number=1, **TEMPLATE)
    site = make_site(host, template_version=0)  # there is a newer one to roll out
    make_release(site)
    domain = Domain.objects.create(
        host=host, site=site, name="shop.example.com", basic_auth={"dave": "$2b$12$hash"}
    )
    monkeypatch.setattr("provisioning.plans.asking.host_driver", lambda target: fake)
    monkeypatch.setattr("provisioning.plans.asking.read_found", lambda *given: nothing_there())
    return {
        "host": host.pk,
        "container": container.pk,
        "site": site.pk,
        "domain": domain.pk,
        "quarantine": make_quarantine(host).pk,
        "rollout": make_rollout(site).pk,
        **told_by_a_channel(),
        "alert": make_alert(container).pk,
        "rule": Rule.objects.create(name="down", kind="container_down").pk,
        "window": make_window(site).pk,
        "archive": make_archive(container).pk,
    }


def told_by_a_channel() -> Things:
    """A channel, and something that was given up."""
    row = Channel.objects.create(name="ops", kind="json", hint="json://192.0.2.1/…")
    row.seal("json://192.0.2.1/")
    row.save()
    now = timezone.now()
    sent = row.deliveries.create(
        key="k", kind="firing", severity="critical", title="shop is down", state="given_up",
        created_at=now, next_at=now, give_up_at=now, ended_at=now,
    )  # fmt: skip
    return {"channel": row.pk, "delivery": sent.pk}


def queued(things: Things, *, ended: bool) -> int:
    target = Container.objects.get(pk=things["container"])
    row = engine.start("container.restart", target, actor=COMMAND)
    if ended:
        Operation.objects.filter(pk=row.pk).update(status="failed", finished_at=timezone.now())
    return row.pk


def wizard_at(things: Things, move: str) -> int:
    """A wizard of admin's, where this move can be made: its host is tested and its key approved."""
    host = Host.objects.get(pk=things["host"])
    checks = [{"name": name, "verdict": "ok"} for name in ("login", "docker")]
    Host.objects.update(preflight=checks, preflight_at=timezone.now(), host_key=host.offered_key)
    tested = engine.start("host.test", host, actor=COMMAND)
    now = timezone.now() - timedelta(minutes=1)
    Operation.objects.filter(pk=tested.pk).update(status="succeeded", started_at=now)
    steps = {"test": "ssh_test", "previous": "docker_test", "complete": "confirm"}
    return Wizard.objects.create(
        kind="ssh_host",
        owner=person("admin"),
        step=steps.get(move, "connection"),
        state={"connection": CONNECTION, "authentication": {"auth": "keep"}},
        results={name: {"operation": tested.pk} for name in ("ssh_test", "docker_test")},
        host=host,
    ).pk


def filled(path: str, things: Things) -> str:
    kind = path.split("/")[2].removesuffix("s")
    values = {f"{name}_id": key for name, key in things.items()}
    return path.format(**values, target_id=things.get(kind), token_id=0, slug=SLUG, number=1)


def content(body: Any, things: Things, path: str) -> str:
    """With what the table leaves to be filled in."""
    text = json.dumps(body) if body is not None else ""
    names = {"/containers/": "shop-web-1", "/sites/": "shop", "/provision/": "shop",
             "/quarantine/": "old", "/templates/": SLUG,
             "/domains/": "shop.example.com"}  # fmt: skip
    name = next((name for part, name in names.items() if part in path), "web1")
    text = text.replace("FINGERPRINT", Host.objects.get().offered_fingerprint)
    key = things[
        "site" if path.startswith(("/api/domains", "/api/rollouts", "/api/alerts")) else "host"
    ]
    text = text.replace('"KEY"', f'"{key}"')
    return text.replace('"NAME"', f'"{name}"').replace('"CONTAINER"', str(things["container"]))
