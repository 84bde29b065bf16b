"""Turns on rows: what fires, what is told, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts import turning
from monitoring.alerts.measured import Measured
from monitoring.alerts.models import Alert, AlertEvent, Maintenance
from monitoring.alerts.reading import read
from monitoring.alerts.running import AlertTurns
from tests.monitoring.alerts.world import World, channel, only, rule, states, told
from tests.provisioning.rows import make_operation
from tests.provisioning.site_rows import make_site


def test_a_killed_container_fires_once_and_is_resolved_when_it_runs_again(world: World) -> None:
    channel()
    rule("container_down", name="Container down")
    row = world.container(world.host())
    world.turn()
    world.exit(row)
    world.pass_s(30)
    assert states() == [("shop-web-1", "pending")] and told() == []
    world.pass_s(60)
    alert = only()
    assert (alert.state, alert.message, alert.severity) == (
        "firing", "It exited with code 137.", "critical",
    )  # fmt: skip
    assert told() == [("firing", "Container down: shop-web-1 on web1")]
    world.run(row)
    world.pass_s(30)
    assert only().state == "firing"
    world.pass_s(10)
    assert only().state == "resolved"
    assert [kind for kind, _ in told()] == ["firing", "resolved"]
    what = list(AlertEvent.objects.values_list("what", flat=True))
    assert what == ["pending", "firing", "told", "resolved", "told"]


def test_a_host_that_is_cut_off_is_one_alert_and_all_on_it_unknown(world: World) -> None:
    channel()
    rule("host_unreachable", name="Host unreachable"), rule("container_down", for_s=0)
    host = world.host()
    world.exit(world.container(host, "broken"))
    running = world.container(host, "running")
    world.turn()
    assert states() == [("broken", "firing")]
    world.exit(running)  # noted by nobody: its host is out of sight
    world.lose(host)
    world.pass_s(60)
    assert states() == [("broken", "firing"), ("web1", "firing")]
    broken = only(subject_name="broken")
    assert broken.unseen_since is not None and broken.unseen_because == "web1 is unreachable"
    assert [title for _, title in told()] == [
        "container_down: broken on web1", "Host unreachable: web1",
    ]  # fmt: skip
    world.find(host)
    world.pass_s(60)
    assert only(subject_name="web1").state == "resolved"
    assert only(subject_name="broken").unseen_since is None
    assert only(subject_name="running").state == "firing"


def test_hosts_behind_a_jump_host_that_is_out_are_one_outage(world: World) -> None:
    rule("host_unreachable", for_s=0)
    jump = world.host("jump1")
    behind = world.host("web1", via=jump)
    world.lose(jump)
    world.lose(behind)
    world.pass_s(20)
    assert states() == [("jump1", "firing")]


@pytest.mark.parametrize(
    "trouble",
    [
        {"error_code": "internal_error"},  # SiteFlow's own
        {"monitored_until": None},  # no monitor holds it
    ],
)
def test_our_own_trouble_is_nobody_s_alert(world: World, trouble: dict[str, Any]) -> None:
    rule("host_unreachable", for_s=0), rule("container_down", for_s=0)
    host = world.host()
    world.exit(world.container(host))
    world.lose(host)
    world.change(host, **trouble)
    world.pass_s(60)
    assert states() == []


def test_nothing_fires_while_no_monitor_reads(world: World) -> None:
    rule("container_down", for_s=0), rule("host_unreachable", for_s=0)
    host = world.host()
    row = world.container(host)
    world.turn()
    world.exit(row)
    for pause_s in (55, 5, 5, 600, 5):
        world.turn(pause_s, reading=False)
        assert states() == []


def test_after_a_break_durations_begin_again(world: World) -> None:
    rule("container_down")
    row = world.container(world.host())
    world.turn()
    world.exit(row)
    world.turn()
    world.turn(3600, reading=False)  # the monitor was gone: nobody knows what was
    assert states() == []
    world.turn(), world.turn()
    assert states() == [("shop-web-1", "pending")]
    world.pass_s(40)
    assert states() == [("shop-web-1", "firing")]


def test_what_fired_before_a_break_fires_on_and_is_not_told_again(world: World) -> None:
    channel()
    rule("host_unreachable", for_s=0)
    host = world.host()
    world.lose(host)
    world.pass_s(10)
    assert len(told()) == 1
    world.turn(86_400)
    world.pass_s(120)
    alert = only()
    assert (alert.state, alert.unseen_since) == ("firing", None) and len(told()) == 1


def test_two_monitors_judge_one_after_the_other(world: World) -> None:
    channel()
    rule("container_down", for_s=0)
    row = world.container(world.host())
    world.turn()
    world.exit(row)
    assert world.turn() is True
    assert world.turn(0) is False and world.turn(-1) is False
    assert len(told()) == 1


def test_who_comes_late_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other monitor's turn comes between this one's reading and writing."""
    channel()
    rule("container_down", for_s=0)
    row = world.container(world.host())
    world.turn()
    world.exit(row)
    real = read

    def slow(*given: Any, **more: Any) -> Any:
        picture = real(*given, **more)
        monkeypatch.setattr(turning, "read", real)
        assert world.turn(1)
        return picture

    monkeypatch.setattr(turning, "read", slow)
    assert world.turn() is False
    assert len(told()) == 1 and Alert.objects.count() == 1


def test_killed_between_the_change_and_the_notice_neither_has_happened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel()
    rule("container_down", for_s=0)
    row = world.container(world.host())
    world.turn()
    world.exit(row)

    def dies(*given: Any, **more: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(turning, "tell", dies)
        with pytest.raises(KeyboardInterrupt):
            world.turn()
    assert states() == [] and told() == []
    world.turn()
    assert states() == [("shop-web-1", "firing")] and len(told()) == 1


def test_a_database_that_is_gone_is_no_alert(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*given: Any, **more: Any) -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr("monitoring.alerts.running.turn", gone)
    monkeypatch.setattr("monitoring.alerts.running.connection.close", lambda: None)
    AlertTurns().once()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert states() == []


def test_what_was_stopped_through_siteflow_is_no_alert(world: World) -> None:
    rule("container_down", for_s=0)
    row = world.container(world.host(), started_at=world.now - timedelta(hours=1))
    stop = make_operation(row, "container.stop")
    world.exit(row)
    world.turn()
    assert states() == []
    stop.delete()
    world.turn()
    assert states() == [("shop-web-1", "firing")]


def test_one_that_was_started_again_since_and_died_is_one(world: World) -> None:
    rule("container_down", for_s=0)
    row = world.container(world.host())
    make_operation(row, "container.stop")
    world.change(row, started_at=world.now + timedelta(minutes=1))
    world.exit(row)
    world.turn(120)
    world.pass_s(20)
    assert states() == [("shop-web-1", "firing")]


def test_while_an_operation_works_on_a_site_nothing_new_fires(world: World) -> None:
    rule("container_down", for_s=0)
    host = world.host()
    site = make_site(host)
    row = world.container(host, site=site)
    work = make_operation(row, "site.release")
    type(work).objects.filter(pk=work.pk).update(
        status="running", target_type="site", target_id=site.pk
    )
    world.exit(row)
    world.turn()
    assert states() == []
    type(work).objects.filter(pk=work.pk).update(status="succeeded")
    world.turn()
    assert states() == [("shop-web-1", "firing")]


def test_sites_that_are_not_live_do_not_alert(world: World) -> None:
    rule("container_down", for_s=0)
    host = world.host()
    site = make_site(host, stage="provisioning")
    world.exit(world.container(host, site=site))
    world.turn()
    assert states() == []


def test_during_maintenance_it_is_shown_and_told_only_afterwards(world: World) -> None:
    channel()
    rule("container_down", for_s=0)
    host = world.host()
    world.exit(world.container(host))
    Maintenance.objects.create(
        host=host, begins_at=world.now, ends_at=world.now + timedelta(minutes=1), why="a disk",
        created_by="alice",
    )  # fmt: skip
    world.turn()
    assert only().state == "firing" and only().maintenance_until and told() == []
    world.pass_s(60)
    assert only().maintenance_until is None and len(told()) == 1


def test_a_muted_one_is_told_once_the_mute_ends_if_it_is_still_so(world: World) -> None:
    channel()
    rule("container_down")
    row = world.container(world.host())
    world.exit(row)
    world.turn()
    Alert.objects.update(muted_until=world.now + timedelta(minutes=2), muted_by="alice")
    world.pass_s(60)
    assert only().state == "firing" and told() == []
    world.pass_s(80)
    assert len(told()) == 1


def test_a_mute_outlasts_the_alert_it_was_put_on(world: World) -> None:
    channel()
    rule("container_down", for_s=0, clear_for_s=0)
    row = world.container(world.host())
    world.exit(row)
    world.turn()
    Alert.objects.update(muted_until=world.now + timedelta(hours=1), muted_by="alice")
    world.run(row)
    world.pass_s(10)
    world.exit(row)
    world.pass_s(30)
    assert [kind for kind, _ in told()] == ["firing", "resolved"]
    assert only(state="firing").muted_by == "alice"


def test_an_alert_ends_with_its_rule(world: World) -> None:
    channel()
    watched = rule("container_down", for_s=0)
    world.exit(world.container(world.host()))
    world.turn()
    watched.delete()
    world.turn()
    alert = only()
    assert (alert.state, alert.rule_name) == ("resolved", "container_down")
    assert [kind for kind, _ in told()] == ["firing", "resolved"]


def test_an_alert_ends_with_what_it_was_about(world: World) -> None:
    rule("container_down", for_s=0)
    row = world.container(world.host())
    world.exit(row)
    world.turn()
    row.delete()
    world.turn()
    assert only().state == "resolved"
    assert AlertEvent.objects.last().text == "It is no longer there."  # type: ignore[union-attr]


def test_a_turn_asks_the_database_as_often_for_many_as_for_few(
    world: World,
) -> None:
    for kind in ("container_down", "host_unreachable", "container_unhealthy", "site_down"):
        rule(kind, for_s=0)
    rule("threshold", of="host", metric="cpu_percent", threshold=90.0)
    rule("disk_filling", threshold=24.0), rule("certificate"), rule("operation_failed")
    host = world.host()
    world.container(host, "c0")
    world.turn(), world.turn(25)
    counts = []
    for number in range(2):
        world.measured = Measured()  # which keeps what it has read for a while
        with CaptureQueriesContext(connection) as asked:
            world.turn(25)
        counts.append(len(asked))
        for other in range(10):
            made = world.host(f"more{number}-{other}")
            world.container(made, f"c{number}-{other}", site=make_site(made, f"s{other}"))
    assert counts[0] == counts[1] < 30
