"""Each kind of rule, on rows: when it fires, with which words, and when it does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitoring.alerts.models import Alert, SiteProbe
from monitoring.history.packing import packed
from monitoring.history.summaries import Summary, Summed
from monitoring.models import Point, Series
from provisioning.certificates.judging import soon_at
from provisioning.certificates.models import CertificateCheck
from provisioning.models import Operation
from sites.models import Container, Domain, Host, Site
from tests.monitoring.alerts.world import World, channel, only, rule, states, told
from tests.provisioning.backups.things import backed_up, make_source
from tests.provisioning.rows import make_operation
from tests.provisioning.site_rows import make_release, make_site


def measured(
    world: World, kind: str, values: dict[str, float], *, ago_s: float = 90, **of: Any
) -> None:
    series, _ = Series.objects.get_or_create(kind=kind, **of)
    summed = Summed(1, "cgroup", {name: Summary(one, one, one) for name, one in values.items()})
    at = world.now - timedelta(seconds=ago_s)
    Point.objects.create(series=series, level=0, at=at, data=packed(kind, summed))


def threshold(**values: Any) -> None:
    given = {"of": "host", "metric": "memory_percent", "threshold": 90.0, "clear_threshold": 80.0}
    rule("threshold", **{**given, "for_s": 0, "clear_for_s": 0, **values})


def memory(world: World, host: Host, percent: float) -> None:
    world.turn(60)
    measured(world, "host", {"memory_bytes": percent, "memory_limit_bytes": 100.0}, host=host)
    world.turn(25)


def test_a_threshold_is_left_again_only_where_it_says(world: World) -> None:
    threshold()
    host = world.host()
    memory(world, host, 89)
    assert states() == []
    memory(world, host, 93.4)
    alert = only()
    assert (alert.state, alert.value, alert.message) == (
        "firing", 93.4, "Memory is 93.4%, above 90%.",
    )  # fmt: skip
    memory(world, host, 85)
    assert only().state == "firing"
    memory(world, host, 79)
    assert only().state == "resolved"


def test_what_is_not_measured_any_more_neither_fires_nor_ends(world: World) -> None:
    threshold()
    host = world.host()
    memory(world, host, 95)
    for _ in range(8):
        world.turn(30)
    alert = only()
    assert alert.state == "firing" and alert.unseen_since is not None
    assert alert.unseen_because == "nothing was measured in the last minutes"


def test_a_container_that_ended_uses_nothing(world: World) -> None:
    threshold(of="container", metric="cpu_percent")
    host = world.host()
    row = world.container(host)
    measured(world, "container", {"cpu_percent": 180.0}, host=host, container=row)
    world.turn(25)
    assert only().message == "Cpu percent is 180%, above 90%."
    world.exit(row)
    world.turn()
    assert only().state == "resolved"


def test_of_two_limits_of_one_value_the_worse_one_is_told(world: World) -> None:
    channel()
    threshold(name="full", severity="warning")
    threshold(name="nearly", threshold=95.0, clear_threshold=None)
    host = world.host()
    memory(world, host, 97)
    assert len(states()) == 2
    assert told() == [("firing", "nearly: web1")]
    memory(world, host, 92)
    assert told() == [
        ("firing", "nearly: web1"),
        ("resolved", "nearly: web1"),
        ("firing", "full: web1"),
    ]


def disks(world: World, host: Host, used: float, mount: str = "/var") -> None:
    disk = {"mount": mount, "used_bytes": used, "total_bytes": 100.0}
    world.change(host, facts={"disks": [disk]}, facts_at=world.now)


def test_a_full_disk_is_told_though_docker_is_down(world: World) -> None:
    channel()
    rule("docker_down", name="Docker down", for_s=0), rule("container_down", for_s=0)
    threshold(name="Disk nearly full", of="disk", metric="used_percent", clear_threshold=None)
    host = world.host()
    world.container(host)
    world.turn()
    disks(world, host, 96)
    world.change(host, state="no_docker", state_since=world.now, error="Docker is down.")
    world.turn()
    titles = sorted(title for _, title in told())
    assert titles == ["Disk nearly full: web1 /var", "Docker down: web1"]


def test_a_disk_is_as_full_as_df_says(world: World) -> None:
    """Of ext4 one part in twenty is kept for root: it is full at 95 of 100."""
    threshold(of="disk", metric="used_percent", threshold=95.0, clear_threshold=None)
    host = world.host()
    disk = {"mount": "/", "used_bytes": 95.0, "total_bytes": 100.0, "available_bytes": 0.0}
    world.change(host, facts={"disks": [disk]}, facts_at=world.now)
    world.turn()
    assert only().value == 100


def test_each_disk_by_its_mount(world: World) -> None:
    threshold(of="disk", metric="used_percent", threshold=85.0, clear_threshold=80.0)
    host = world.host()
    disks(world, host, 90)
    world.turn()
    assert only().subject == f"disk:{host.pk}:/var"
    assert only().message == "Disk used is 90%, above 85%."
    disks(world, host, 90, "/other")  # /var is not mounted any more
    world.turn()
    lost = only(subject=f"disk:{host.pk}:/var")
    assert lost.state == "firing" and "no longer names it" in lost.unseen_because


def test_a_disk_that_fills_up_is_told_before_it_is_full(world: World) -> None:
    rule("disk_filling", for_s=0, threshold=24.0, direction="below")
    host = world.host()
    disks(world, host, 60)
    world.turn()
    assert states() == []  # nobody knows what it was an hour ago
    sizes = {"used_bytes": 50.0, "total_bytes": 100.0}
    measured(world, "disk", sizes, ago_s=3450, host=host, mount="/var")
    world.turn(55), world.turn()
    assert only().message == (
        "It grew by 10.0 B in the last hour and has 40.0 B left: full in 4 h."
    )


def certificate(world: World, domain: Domain, days: float) -> None:
    begins, ends = world.now - timedelta(days=90), world.now + timedelta(days=days)
    CertificateCheck.objects.update_or_create(
        domain_id=domain.pk,
        defaults={
            "outcome": "served", "checked_at": world.now, "tried_at": world.now, "name_fits": True,
            "not_before": begins, "not_after": ends, "soon_at": soon_at(begins, ends),
        },
    )  # fmt: skip


def test_a_certificate_is_one_alert_that_gets_worse(world: World) -> None:
    channel()
    rule("certificate", name="Certificate", for_s=0, clear_for_s=0)
    site = make_site(world.host(), domain="shop.example.com")
    domain = site.domains.get()
    seen = []
    for days in (40, 20.9, 20.5, 13, 6, 2.5, 0.5, -1):
        certificate(world, domain, days)
        world.turn()
        seen += [(one.severity, one.step) for one in Alert.objects.all()]
    assert seen == [
        ("info", 1), ("info", 1), ("info", 2), ("warning", 3), ("critical", 4), ("critical", 5),
        ("critical", 6),
    ]  # fmt: skip
    assert Alert.objects.count() == 1
    assert len(told()) == 6  # at 21, 14, 7, 3 and 1 days, and at its end
    certificate(world, domain, 90)
    world.turn()
    assert only().state == "resolved" and told()[-1][0] == "resolved"


def test_a_certificate_s_rule_says_how_bad_it_may_become(world: World) -> None:
    rule("certificate", severity="warning", for_s=0)
    site = make_site(world.host(), domain="shop.example.com")
    certificate(world, site.domains.get(), 0.5)
    world.turn()
    assert only().severity == "warning"


def probed(world: World, site: Site, outcome: str, **values: Any) -> None:
    SiteProbe.objects.update_or_create(
        site=site,
        defaults={"outcome": outcome, "tried_at": world.now, "checked_at": world.now,
                  "url": "https://shop.example.com/", **values},
    )  # fmt: skip


def test_a_site_that_does_not_answer(world: World) -> None:
    rule("site_down", for_s=0, clear_for_s=0)
    site = make_site(world.host())
    probed(world, site, "silent", error="answers with status 502")
    world.turn()
    assert only().message == "https://shop.example.com/: answers with status 502"
    probed(world, site, "unasked", checked_at=world.now - timedelta(hours=1), error="too slow")
    world.turn()
    assert (only().state, only().unseen_because) == ("firing", "too slow")
    probed(world, site, "answered")
    world.turn()
    assert only().state == "resolved"


def test_a_site_whose_container_is_down_is_told_once(world: World) -> None:
    channel()
    rule("site_down", for_s=0), rule("container_down", for_s=0)
    host = world.host()
    site = make_site(host)
    world.exit(world.container(host, site=site))
    probed(world, site, "silent", error="answers with status 502")
    world.turn()
    assert len(states()) == 2 and [title for _, title in told()] == [
        "container_down: shop-web-1 on web1"
    ]


def test_backups_that_are_too_old_gone_or_small(world: World) -> None:
    rule("backup_stale", for_s=0, clear_for_s=0), rule("backup_shrunken", for_s=0, clear_for_s=0)
    host = world.host()
    source = make_source()
    sites = [make_site(host, name) for name in ("fresh", "stale", "small", "none", "unknown")]
    backed_up(sites[0], source), backed_up(sites[1], source, hours=50)
    backed_up(sites[2], source, shrunken=True, newest_bytes=1000)
    backed_up(sites[3], source, count=0, newest_at=None)
    backed_up(sites[4], source, hours=900, known_until=world.now)
    world.turn()
    found = dict(Alert.objects.values_list("subject_name", "message"))
    assert set(found) == {"stale", "small", "none"}
    assert found["small"] == "The newest has 1.0 kB; usual is 1.0 MB."
    assert found["none"] == "There is no backup of it on the NAS."
    source.error_code = "timeout"
    source.save()
    world.turn()
    assert {one.unseen_because for one in Alert.objects.all()} == {"the NAS nas1 cannot be read"}


def test_a_nas_that_cannot_be_read_is_no_word_about_sites(world: World) -> None:
    rule("nas_unreadable", for_s=0), rule("docker_down", for_s=0), rule("backup_stale", for_s=0)
    source = make_source(error_code="unmounted", error="not mounted")
    Host.objects.filter(pk=source.nas_id).update(
        monitored_until=world.now + timedelta(days=1), inventory_at=None
    )
    backed_up(make_site(world.host()), source, hours=900)
    world.turn()
    assert only().message == "It cannot be read: its volume is not mounted."


def test_an_operation_that_failed_until_it_succeeds(world: World) -> None:
    rule("operation_failed", for_s=0)
    row = world.container(world.host())
    failed = make_operation(row)
    rows = Operation.objects.filter(pk=failed.pk)
    rows.update(status="failed", finished_at=world.now, message="No such container.")
    world.turn()
    assert (only().message, only().subject_name) == (
        "No such container.", "container.restart shop-web-1",
    )  # fmt: skip
    make_operation(row)
    world.turn()
    assert only().state == "resolved"


@pytest.mark.parametrize("code", ["internal_error", "gave_up", "forbidden"])
def test_what_failed_in_siteflow_is_no_alert_about_a_site(world: World, code: str) -> None:
    rule("operation_failed", for_s=0)
    failed = make_operation(world.container(world.host()))
    Operation.objects.filter(pk=failed.pk).update(
        status="failed", finished_at=world.now, error_code=code
    )
    world.turn()
    assert states() == []


def test_unhealthy_and_restarting_containers(world: World) -> None:
    rule("container_unhealthy", for_s=0), rule("container_restarting", for_s=0)
    host = world.host()
    world.container(host, "ill", health="unhealthy")
    world.container(host, "looping", restart_count=7, started_at=world.now)
    world.container(host, "calm", restart_count=7, started_at=world.now - timedelta(hours=1))
    world.container(host, "again", state="restarting", restart_count=3)
    world.turn()
    assert [name for name, _ in states()] == ["again", "ill", "looping"]


def test_what_lies_on_a_host_since_long_ago_is_no_news(world: World) -> None:
    rule("container_down", for_s=0)
    old = world.now - timedelta(days=30)
    world.container(world.host(), state="exited", exit_code=1, finished_at=old)
    world.turn()
    assert states() == []


def test_a_rule_is_for_a_host_a_site_or_a_tag(world: World) -> None:
    from sites.models import Tag

    web1, web2 = world.host("web1"), world.host("web2")
    shop = make_site(web2, "shop")
    for host, site in ((web1, None), (web2, shop), (web2, None)):
        world.exit(world.container(host, f"{host.name}-{site or 'other'}", site=site))
    tag = Tag.objects.create(name="shops")
    shop.tags.add(tag)
    for name, scope in (("host", {"host": web1}), ("site", {"site": shop}), ("tag", {"tag": tag})):
        rule("container_down", name=name, for_s=0, **scope)
    world.turn()
    found = sorted(Alert.objects.values_list("rule_name", "subject_name"))
    assert found == [("host", "web1-other"), ("site", "web2-shop"), ("tag", "web2-shop")]


def test_the_cause_is_what_there_was_when_it_began(world: World) -> None:
    rule("site_down", for_s=0)
    host = world.host()
    site = make_site(host)
    make_release(site, 3)
    busy, idle = (world.container(host, name, site=site) for name in ("busy", "idle"))
    for row, cpu in ((busy, 190.0), (idle, 0.1)):
        values = {"cpu_percent": cpu, "memory_bytes": 5e8}
        measured(world, "container", values, host=host, container=row)
    make_operation(busy, "container.restart")
    probed(world, site, "silent", error="status 502")
    world.turn()
    cause = only().cause
    assert [one["name"] for one in cause["containers"]] == ["busy", "idle"]
    assert cause["release"]["number"] == 3
    assert cause["operation"]["label"] == "Restart busy"


def test_containers_seen_are_of_one_type() -> None:
    """What a row of the picture holds is what the query names, in its order."""
    from monitoring.alerts.picture import ContainerSeen

    names = [name for name in ContainerSeen.__dataclass_fields__ if name != "key"]
    columns = {field.attname.removesuffix("_id") for field in Container._meta.concrete_fields}
    assert set(names) <= columns
