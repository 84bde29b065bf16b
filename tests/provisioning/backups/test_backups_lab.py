"""Backups on a real NAS: a machine with SSH and SFTP, no Docker, and all that befalls it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.backups import BackupLooks
from monitoring.database import DatabaseThreads
from provisioning.backups import clocks
from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.states import judged, nas_states
from provisioning.drivers import folders, pool
from sites.models import Host, Site
from tests.lab import Lab
from tests.lab.host import Host as LabHost
from tests.lab.nas import BACKUP_PATH
from tests.monitoring.waiting import until
from tests.provisioning import proxy_lab as it
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
ROOT = "/volume1/watched"


class Nas:
    """The lab's NAS with a folder of its own, and its row here."""

    def __init__(self, machine: LabHost) -> None:
        self.machine = machine
        self.row: Host = it.known(machine, name="nas1")
        self.site: Site = make_site(make_host("web1"))
        machine.run("mkdir", "-p", f"{ROOT}/shop")
        for day in range(1, 5):
            self.put(f"shop/{day}.tar", kilobytes=100, hours=24 * day)

    def put(self, path: str, *, kilobytes: int, hours: float) -> None:
        whole = f"{ROOT}/{path}"
        self.machine.run("sh", "-c", f"head -c {kilobytes}000 /dev/zero >'{whole}'")
        self.machine.run("touch", "-d", f"{round(hours * 60)} minutes ago", whole)

    def remove(self, path: str) -> None:
        self.machine.run("rm", "-rf", f"{ROOT}/{path}")

    def set_up(self, **params: object) -> None:
        it.good("nas.set", self.row, root=ROOT, hosts=[self.site.host_id], **params)

    def look(self) -> str:
        """The state of the site's backups after a look, in a word."""
        it.done("nas.check", self.row)
        return judged()[self.site.pk].state

    @property
    def error(self) -> str:
        return BackupSource.objects.get(nas=self.row).error_code


@pytest.fixture
def nas(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nas]:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    monkeypatch.setattr(folders, "ANSWER_S", 2.0)
    monkeypatch.setattr(clocks, "_ASK_S", 2.0)
    made = Nas(lab.nas)
    made.set_up()
    yield made
    pool.forget("nas1")
    lab.nas.run("sh", "-c", f"umount {ROOT} 2>/dev/null; rm -rf {ROOT} {ROOT}.away")


def test_from_fresh_to_old_to_shrunken_to_none(nas: Nas) -> None:
    assert nas.look() == "fresh"
    row = SiteBackup.objects.get()
    assert (row.newest_name, row.count, row.newest_bytes, row.usual_bytes) == (
        "1.tar", 4, 100_000, 100_000,
    )  # fmt: skip
    assert BackupSource.objects.get().skew_s in (-1, 0, 1)  # its clock is this machine's
    nas.remove("shop/1.tar")
    nas.remove("shop/2.tar")
    assert nas.look() == "stale"
    nas.put("shop/new.tar", kilobytes=20, hours=1)
    assert nas.look() == "shrunken"
    assert "20 % of the usual size" in judged()[nas.site.pk].why
    nas.remove("shop/*")
    nas.machine.run("sh", "-c", f"rm -rf {ROOT}/shop/*; touch {ROOT}/readme")
    assert nas.look() == "missing"


def test_half_written_ones_do_not_count(nas: Nas) -> None:
    nas.remove("shop/1.tar")
    nas.remove("shop/2.tar")
    nas.put("shop/new.tar.part", kilobytes=100, hours=1)
    nas.put("shop/growing.tar", kilobytes=100, hours=0)
    nas.put("shop/.hidden", kilobytes=100, hours=1)
    assert nas.look() == "stale"
    assert {one["name"] for one in SiteBackup.objects.get().unfinished} == {
        "new.tar.part", "growing.tar",
    }  # fmt: skip


def test_dated_folders_hostile_names_and_links(nas: Nas) -> None:
    nas.machine.run("sh", "-c", f"cd {ROOT}/shop && rm -f *.tar && mkdir 2020-01-01 $(date +%F)")
    nas.machine.run("sh", "-c", f"cd {ROOT}/shop && echo 12345 >$(date +%F)/db.sql")
    nas.machine.run("sh", "-c", f"cd {ROOT}/shop && touch -d '1 hour ago' $(date +%F)/db.sql")
    nas.machine.run("touch", "-d", "3 days ago", f"{ROOT}/shop/2020-01-01")
    nas.machine.run("ln", "-s", "/etc", f"{ROOT}/shop/out")
    evil = "<b>\n\x1b[31mred $(touch canary)"
    (nas.machine.path(f"{ROOT}/shop") / evil).write_bytes(b"1")
    nas.machine.run("touch", "-d", "3 days ago", f"{ROOT}/shop/{evil}")
    assert nas.look() == "fresh"
    row = SiteBackup.objects.get()
    assert (row.count, row.newest_bytes, row.kept[0]["folder"]) == (3, 6, True)
    assert "<b> [31mred $(touch canary)" in [one["name"] for one in row.kept]
    assert not nas.machine.path(f"{ROOT}/shop/canary").exists()


def test_a_link_for_the_folder_of_a_site_is_not_followed(nas: Nas) -> None:
    nas.remove("shop")
    nas.machine.run("ln", "-s", f"{BACKUP_PATH}/shop", f"{ROOT}/shop")
    assert nas.look() == "unknown"
    assert "a link, which is not followed" in SiteBackup.objects.get().error


def test_an_empty_mount_point_is_no_answer(nas: Nas) -> None:
    assert nas.look() == "fresh"
    before = SiteBackup.objects.get()
    nas.machine.run("mount", "-t", "tmpfs", "empty", ROOT)
    assert (nas.look(), nas.error) == ("unknown", "unmounted")
    nas.set_up(marker="shop")
    assert (nas.look(), nas.error) == ("unknown", "unmounted")
    after = SiteBackup.objects.get()
    assert (after.count, after.newest_at, after.read_at) == (4, before.newest_at, before.read_at)
    nas.machine.run("umount", ROOT)
    assert (nas.look(), nas.error) == ("fresh", "")
    nas.machine.run("mv", ROOT, f"{ROOT}.away")
    assert (nas.look(), nas.error) == ("unknown", "unmounted")


def test_a_nas_that_refuses_or_shows_another_key(nas: Nas) -> None:
    assert nas.look() == "fresh"
    nas.machine.stop_sshd()
    nas.machine.end_sessions()
    assert nas.look() == "unknown"
    assert nas.error in ("refused", "link_lost")
    nas.machine.start_sshd()
    assert nas.look() == "fresh"
    nas.machine.replace_host_key()
    nas.machine.end_sessions()
    attempts = nas.machine.auth_attempts()
    assert (nas.look(), nas.error) == ("unknown", "host_key_changed")
    assert nas.machine.auth_attempts() == attempts
    assert nas_states()[0].nas_error == "it shows another host key than the approved one"
    nas.machine.restore_host_key()


def test_one_that_has_only_sftp_is_read_without_its_clock(nas: Nas) -> None:
    nas.machine.configure_sshd(ForceCommand="internal-sftp", Subsystem="sftp internal-sftp")
    assert nas.look() == "fresh"
    assert BackupSource.objects.get().skew_s is None


def test_a_folder_nobody_may_read(nas: Nas) -> None:
    nas.machine.run("chmod", "700", f"{ROOT}/shop")
    nas.machine.run("chown", "root:root", f"{ROOT}/shop")
    assert nas.look() == "unknown"
    assert "the login may not" in SiteBackup.objects.get().error


def test_a_frozen_one_delays_no_other(nas: Nas, lab: Lab) -> None:
    """The monitor looks at both at once, one of which stands still."""
    second = it.known(lab.bare, name="nas2")
    other = make_site(make_host("web2"), "blog")
    lab.bare.run("sh", "-c", "mkdir -p /volume2/blog && touch -d '1 hour ago' /volume2/blog/a.tar")
    lab.bare.run("sh", "-c", "echo backup >/volume2/blog/a.tar")
    lab.bare.run("touch", "-d", "1 hour ago", "/volume2/blog/a.tar")
    it.good("nas.set", second, root="/volume2", hosts=[other.host_id])
    assert nas.look() == "fresh"
    nas.machine.freeze()
    BackupSource.objects.update(due_at=None)
    database = DatabaseThreads()
    looks = BackupLooks(database=database, turn_s=3600)
    looks.turn()
    until(lambda: judged()[other.pk].state == "fresh", timeout_s=20)
    assert not nas.error
    until(lambda: not looks._under_way, timeout_s=60)
    assert judged()[nas.site.pk].state == "unknown" and nas.error in ("timeout", "link_lost")
    nas.machine.thaw()
    BackupSource.objects.update(due_at=None)
    looks.turn()
    until(lambda: judged()[nas.site.pk].state == "fresh", timeout_s=30)
    until(lambda: not looks._under_way, timeout_s=30)
    looks.close()
    database.close()
    pool.forget("nas2")
