"""Rows of backups: whose lie where, which NAS is due, and what a look leaves behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.backups.covering import cover
from provisioning.backups.keeping import AGAIN, asked_of, claim_due, keep
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.seen import Backup, Look, Seen, Unfinished
from provisioning.backups.states import judged, nas_states
from tests.people import person
from tests.provisioning.backups.things import backed_up, make_nas, make_source
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site

pytestmark = pytest.mark.django_db
MB = 1_000_000


def backup(hours: float = 1, size: int | None = MB, name: str = "a.tar", **more: Any) -> Backup:
    at = (timezone.now() - timedelta(hours=hours)).replace(microsecond=0)
    return Backup(name, at, size, int(at.timestamp()), **more)


def kept(source: BackupSource, *sites: Seen, **look: Any) -> SiteBackup:
    now = timezone.now()
    BackupSource.objects.update(due_at=now + timedelta(minutes=6))  # as who claims it leaves it
    keep(source, Look(list(sites), **look), at=now)
    source.refresh_from_db()
    return SiteBackup.objects.select_related("source").get()


@pytest.fixture
def source() -> BackupSource:
    """With one site, shop, which nobody has looked at."""
    host = make_host()
    make_site(host)
    row = make_source(None, host, tried_at=None, read_at=None, known_until=None, due_at=None)
    cover()
    return row


# -- whose lie where -----------------------------------------------------------------------------


def test_each_site_of_a_host_is_to_have_backups_but_drafts() -> None:
    host, other = make_host(), make_host("web2")
    shop = make_site(host)
    make_site(host, "draft", stage="draft")
    make_site(other, "foreign")
    source = make_source(None, host)
    assert (cover(), cover()) == (1, 0)
    assert [row.site for row in SiteBackup.objects.all()] == [shop]
    source.refresh_from_db()
    assert source.due_at is None  # it is looked at soon


def test_what_names_the_site_counts_before_what_names_its_host() -> None:
    host = make_host()
    shop, blog = make_site(host), make_site(host, "blog")
    usual, own = make_source(make_nas(), host), make_source(make_nas("nas2"))
    cover()
    own.sites.add(shop)
    cover()
    found = dict(SiteBackup.objects.values_list("site", "source"))
    assert found == {shop.pk: own.pk, blog.pk: usual.pk}
    usual.hosts.clear()
    cover()
    assert [row.site for row in SiteBackup.objects.all()] == [shop]


def test_what_was_seen_elsewhere_says_nothing_of_a_new_place() -> None:
    host = make_host()
    site = make_site(host)
    old = make_source(make_nas(), host)
    backed_up(site, old)
    old.hosts.clear()
    make_source(make_nas("nas2"), host)
    cover()
    assert SiteBackup.objects.get().newest_at is None


# -- whose turn it is ----------------------------------------------------------------------------


def test_each_is_given_to_one_monitor_only(source: BackupSource) -> None:
    now = timezone.now()
    assert [row.pk for row in claim_due(now=now)] == [source.pk]
    assert claim_due(now=now) == []
    assert claim_due(now=now + timedelta(hours=1))  # whoever had it has died


def test_of_one_nas_only_one_folder_at_a_time(source: BackupSource) -> None:
    make_source(source.nas, root="/other", due_at=None)
    now = timezone.now()
    assert len(claim_due(now=now)) == 1
    assert claim_due(now=now, busy=[source.nas_id]) == []


def test_a_nas_that_is_being_set_up_is_left_alone(source: BackupSource) -> None:
    source.nas.state = "setup_pending"
    source.nas.save()
    assert claim_due(now=timezone.now()) == []


def test_one_that_comes_or_goes_is_looked_at_soon() -> None:
    now = timezone.now()
    row = make_source(tried_at=now - timedelta(minutes=5))
    row.nas.state_since = now - timedelta(minutes=10)
    row.nas.save()
    assert claim_due(now=now) == []
    row.nas.state_since = now - timedelta(seconds=10)
    row.nas.save()
    assert claim_due(now=now) == [row]


# -- what is asked -------------------------------------------------------------------------------


def test_what_is_asked_holds_what_was_seen(source: BackupSource) -> None:
    one = backup()
    waits = Unfinished("b.part", 5, 1, one.at)
    kept(source, Seen(SiteBackup.objects.get().pk, "", 1, (one,), (waits,)))
    root, (wanted,) = asked_of(source)
    assert wanted.kept == (one,) and wanted.unfinished == (waits,)
    assert wanted.place and wanted.place.folder == (b"shop",)
    assert root.had_backups == {wanted.site}


def test_a_site_whose_name_makes_no_folder_is_told_why(source: BackupSource) -> None:
    site = SiteBackup.objects.get().site
    site.name = "../../etc"
    site.save()
    _, (wanted,) = asked_of(source)
    assert wanted.place is None and "no site that can be part" in wanted.why


# -- what is kept --------------------------------------------------------------------------------


def test_a_look_leaves_newest_and_usual_size(source: BackupSource) -> None:
    site = SiteBackup.objects.get().pk
    sizes = (MB // 3, MB, MB, 2 * MB)
    row = kept(source, Seen(site, "", 4, tuple(backup(n + 1, s) for n, s in enumerate(sizes))))
    assert (row.count, row.newest_bytes, row.usual_bytes, row.shrunken) == (4, MB // 3, MB, True)
    assert judged()[site].state == "shrunken"
    assert "33 % of the usual size" in judged()[site].why
    assert source.due_at and source.due_at > timezone.now() + timedelta(minutes=50)


def test_a_nas_in_trouble_leaves_what_was_seen_and_is_never_good(source: BackupSource) -> None:
    site = SiteBackup.objects.get().pk
    before = kept(source, Seen(site, "", 1, (backup(),)))
    assert judged()[site].state == "fresh"
    row = kept(source, code="timeout", error="nas1: SFTP gives no answer")
    assert (row.count, row.newest_at, row.read_at) == (1, before.newest_at, before.read_at)
    assert (judged()[site].state, judged()[site].observed_at) == ("unknown", before.read_at)
    assert judged()[site].why == "the NAS nas1 cannot be read: it is too slow, or hangs"
    (nas,) = nas_states()
    assert (nas.nas_connected, nas.nas_error) == (False, "it is too slow, or hangs")
    assert source.due_at and source.due_at < timezone.now() + 1.2 * AGAIN
    failing = source.failing_since
    kept(source, code="refused", error="x")
    assert source.failing_since == failing  # of the first of them
    kept(source, Seen(site, "", 1, (backup(),)))
    assert (source.failing_since, judged()[site].state) == (None, "fresh")


def test_a_folder_that_cannot_be_read_keeps_what_was_seen(source: BackupSource) -> None:
    site = SiteBackup.objects.get().pk
    kept(source, Seen(site, "", 1, (backup(),)))
    row = kept(source, Seen(site, "shop is a link, which is not followed"))
    assert row.count == 1 and judged()[site].state == "unknown"
    assert "which is not followed" in judged()[site].why


def test_while_something_is_written_it_is_looked_at_soon(source: BackupSource) -> None:
    waits = (Unfinished("b.tar", 5, 1, timezone.now()),)
    kept(source, Seen(SiteBackup.objects.get().pk, "", 1, (backup(),), waits))
    assert source.due_at and source.due_at < timezone.now() + timedelta(minutes=4)


def test_an_older_look_never_overwrites_a_newer_one(source: BackupSource) -> None:
    site = SiteBackup.objects.get().pk
    kept(source, Seen(site, "", 1, (backup(),)))
    keep(source, Look([Seen(site)]), at=timezone.now() - timedelta(minutes=1))
    assert SiteBackup.objects.get().count == 1


def test_a_look_under_other_settings_says_nothing(source: BackupSource) -> None:
    site = SiteBackup.objects.get().pk
    BackupSource.objects.update(revision=7)
    keep(source, Look([Seen(site, "", 1, (backup(),))]), at=timezone.now())
    assert SiteBackup.objects.get().count == 0


def test_whoever_asked_for_another_look_meanwhile_gets_it(source: BackupSource) -> None:
    (mine,) = claim_due(now=timezone.now())
    BackupSource.objects.update(due_at=None)
    keep(mine, Look([]), at=timezone.now())
    assert claim_due(now=timezone.now())


def test_nobody_looking_for_long_is_unknown(source: BackupSource) -> None:
    site = SiteBackup.objects.get().pk
    kept(source, Seen(site, "", 1, (backup(),)))
    later = timezone.now() + timedelta(hours=3, minutes=1)
    told = judged(now=later)[site]
    assert told.state == "unknown" and "SiteFlow’s monitor is running" in told.why
    assert nas_states(now=later)[0].nas_connected is None


def test_others_are_told_only_what_they_see(source: BackupSource) -> None:
    site = SiteBackup.objects.get().site
    nobody, viewer = person("charlie"), person("bob")
    assert judged(nobody) == {} and nas_states(nobody) == []
    assert set(judged(viewer)) == {site.pk} and len(nas_states(viewer)) == 1
    assert judged(viewer, sites=[]) == {}
