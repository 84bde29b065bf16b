from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from monitoring.graph import shown as graphs
from monitoring.graph.shown import Wanted
from monitoring.graph.things import Kind, Link, Tone
from provisioning.backups.models import BackupSource, SiteBackup
from sites.models import Grant, Site
from sites.rows import EVERYTHING
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db


def backed_up(*, error: str = "", age_h: float = 2.0, **values: Any) -> Site:
    now = timezone.now()
    site = make_site(make_host())
    make_container(site.host, site=site)
    failing = {"error_code": "unreachable", "error": error, "failing_since": now} if error else {}
    source = BackupSource.objects.create(
        nas=make_host("nas1"), root="/backups", read_at=now, known_until=now + timedelta(hours=2),
        **failing,
    )  # fmt: skip
    told = {
        "read_at": now, "known_until": now + timedelta(hours=2), "count": 3,
        "newest_at": now - timedelta(hours=age_h), "newest_name": "a", "newest_bytes": 10**6,
    }  # fmt: skip
    SiteBackup.objects.create(site=site, source=source, **(told | values))
    return site


def test_a_nas_is_a_node_that_sites_are_backed_up_to() -> None:
    site = backed_up()
    shown = graphs.shown(EVERYTHING, Wanted())
    (nas,) = shown.graph.of_kind(Kind.NAS)
    assert (nas.name, nas.status.word, nas.status.source) == ("nas1", "reachable", "nas")
    assert f"host:{nas.key}" not in shown.graph.by_id
    assert [edge.target for edge in shown.graph.needs[f"site:{site.pk}"]
            if edge.kind == Link.BACKS_UP_TO] == [nas.id]  # fmt: skip
    assert shown.nas == {"nas_connected": True, "nas_error": ""}


@pytest.mark.parametrize(
    ("values", "state", "tone"),
    [
        ({}, "fresh", Tone.GOOD),
        ({"age_h": 24 * 30}, "stale", Tone.WARNING),
        ({"shrunken": True}, "shrunken", Tone.WARNING),
        ({"count": 0, "newest_at": None}, "missing", Tone.BAD),
        ({"error": "no route"}, "unknown", Tone.UNKNOWN),
    ],
)
def test_each_site_has_the_badge_of_its_backups(
    values: dict[str, Any], state: str, tone: Tone
) -> None:
    site = backed_up(**values)
    badge = graphs.shown(EVERYTHING, Wanted()).graph.by_id[f"site:{site.pk}"].backup
    assert badge is not None
    assert (badge.state, badge.tone) == (state, tone)


def test_a_nas_that_is_away_is_shown_as_that() -> None:
    backed_up(error="no route")
    shown = graphs.shown(EVERYTHING, Wanted())
    (nas,) = shown.graph.of_kind(Kind.NAS)
    assert (nas.status.tone, shown.nas["nas_connected"]) == (Tone.BAD, False)
    assert "nas1" in shown.nas["nas_error"]


def test_who_sees_only_the_site_is_told_the_name_of_its_nas() -> None:
    site = backed_up()
    other = make_site(make_host("web2"), "alien")
    guest = User.objects.create(username="guest")
    Grant.objects.create(role=Group.objects.get(name="viewer"), user=guest, site=site)
    (nas,) = graphs.shown(guest, Wanted()).graph.of_kind(Kind.NAS)
    assert (nas.name, nas.status.word, nas.detail) == ("nas1", "hidden", "")
    alien = User.objects.create(username="alien")
    Grant.objects.create(role=Group.objects.get(name="viewer"), user=alien, site=other)
    assert not list(graphs.shown(alien, Wanted()).graph.of_kind(Kind.NAS))


def test_a_nas_that_runs_containers_is_a_host_as_well() -> None:
    site = backed_up()
    nas = BackupSource.objects.get().nas
    make_container(nas, "registry")
    found = graphs.shown(EVERYTHING, Wanted()).graph.by_id
    assert {f"nas:{nas.pk}", f"host:{nas.pk}", f"site:{site.pk}"} <= set(found)


def test_one_site_comes_with_its_nas() -> None:
    site = backed_up()
    shown = graphs.shown(EVERYTHING, Wanted(site=site.pk))
    assert [node.name for node in shown.graph.of_kind(Kind.NAS)] == ["nas1"]
