"""Folders of a real SFTP server: names of all kinds, links, and servers that do not answer."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from provisioning.drivers import folders as module
from provisioning.drivers.errors import DriverError
from provisioning.drivers.ssh import SshHost
from tests.lab import Lab
from tests.lab.host import Host
from tests.provisioning.drivers.lab_targets import opened

pytestmark = pytest.mark.lab
TOP = "/home/backup/folders"


@pytest.fixture
def nas(lab: Lab) -> Iterator[Host]:
    yield lab.nas
    lab.nas.run("rm", "-rf", TOP)


@pytest.fixture
def driver(nas: Host) -> Iterator[SshHost]:
    with opened(nas) as driver:
        yield driver


def names(driver: SshHost, path: str) -> dict[bytes, str]:
    with driver.folders(timeout_s=20) as folders:
        return {one.name: one.attributes.kind for one in folders.entries(path.encode())}


def test_names_arrive_byte_for_byte_and_links_are_links(nas: Host, driver: SshHost) -> None:
    odd = b"a\nb \x1b[31m<b>&\xff'\"$(id)"
    nas.run("mkdir", "-p", f"{TOP}/inner")
    nas.path(TOP).joinpath("plain").write_bytes(b"12345")
    (nas.path(TOP) / os.fsdecode(odd)).touch()
    nas.run("ln", "-s", "/etc", f"{TOP}/out")
    nas.run("mkfifo", f"{TOP}/pipe")
    assert names(driver, TOP) == {
        b"inner": "folder", b"plain": "file", odd: "file", b"out": "link", b"pipe": "other",
    }  # fmt: skip
    with driver.folders(timeout_s=20) as folders:
        plain = folders.look(f"{TOP}/plain".encode())
        assert plain and plain.size == 5 and plain.modified_s
        assert folders.look(f"{TOP}/none".encode()) is None
        assert folders.real_path(f"{TOP}/inner/../out".encode()) == b"/etc"


def test_many_files_come_in_one_pass(nas: Host, driver: SshHost) -> None:
    nas.run("mkdir", "-p", TOP)
    nas.run("sh", "-c", f"cd {TOP} && seq -f 'backup-%06g' 20000 | xargs touch")
    with driver.folders(timeout_s=60) as folders:
        assert sum(1 for _ in folders.entries(TOP.encode())) == 20_000


@pytest.mark.parametrize(
    ("path", "code"), [("/nowhere", "not_found"), ("/root", "permission_denied")]
)
def test_what_cannot_be_read_says_why(
    nas: Host, driver: SshHost, path: str, code: str
) -> None:  # fmt: skip
    nas.run("chmod", "700", "/root")
    with pytest.raises(DriverError) as caught, driver.folders(timeout_s=20) as folders:
        list(folders.entries(path.encode()))
    assert caught.value.code == code and path in caught.value.message


def test_a_server_without_sftp_is_told_apart(nas: Host, driver: SshHost) -> None:
    nas.configure_sshd(Subsystem="other /bin/false")
    with pytest.raises(DriverError) as caught, driver.folders(timeout_s=20):
        pass
    assert caught.value.code == "no_sftp"


def test_a_login_that_prints_is_no_sftp_server(nas: Host, driver: SshHost) -> None:
    nas.configure_sshd(Subsystem="sftp /bin/echo Welcome to this NAS")
    with pytest.raises(DriverError) as caught, driver.folders(timeout_s=20):
        pass
    assert caught.value.code == "garbage"


def test_one_without_a_shell_has_folders_all_the_same(nas: Host, driver: SshHost) -> None:
    nas.configure_sshd(ForceCommand="internal-sftp", Subsystem="sftp internal-sftp")
    assert b"shop" in names(driver, "/volume1/backups")
    with pytest.raises(DriverError) as caught:
        driver.run(("date", "+%s"), timeout_s=10)
    assert caught.value.code == "no_shell"


def test_one_that_stops_answering_ends_within_its_time(
    nas: Host, driver: SshHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 1.0)
    with pytest.raises(DriverError) as caught, driver.folders(timeout_s=30) as folders:
        folders.look(b"/volume1")
        nas.freeze()
        folders.look(b"/volume1")
    assert caught.value.code in ("timeout", "link_lost")
    nas.thaw()
    assert names(driver, "/volume1/backups")
