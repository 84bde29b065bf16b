"""A file on a host edited in place: its bytes, mode, owner and links, and who else writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.ssh import SshHost
from tests.lab import Lab
from tests.provisioning.drivers.lab_targets import opened

pytestmark = pytest.mark.lab
HOME = "/home/deploy"
NAME = "folder/file"


@pytest.fixture
def host(lab: Lab) -> Iterator[SshHost]:
    with opened(lab.web2, user="deploy") as driver:
        yield driver
    lab.web2.run("rm", "-rf", f"{HOME}/folder", f"{HOME}/elsewhere")


@pytest.fixture
def file(lab: Lab, host: SshHost) -> Path:
    """`NAME`, as SiteFlow makes it where there is none."""
    assert host.edit_file(NAME, lambda data: data + b"one\n")
    return lab.web2.path(f"{HOME}/{NAME}")


def test_folder_and_file_are_made_for_their_owner_alone(file: Path) -> None:
    assert file.read_bytes() == b"one\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_mode_is_kept_and_what_needs_no_change_is_not_written(file: Path, host: SshHost) -> None:
    file.chmod(0o640)
    before = file.stat().st_ino
    assert not host.edit_file(NAME, lambda data: data)
    assert file.stat().st_ino == before
    assert host.edit_file(NAME, lambda data: data.upper())
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"ONE\n", 0o640)


def test_a_link_stays_one(lab: Lab, file: Path, host: SshHost) -> None:
    lab.web2.run("mv", f"{HOME}/{NAME}", f"{HOME}/elsewhere")
    lab.web2.run("ln", "-s", f"{HOME}/elsewhere", f"{HOME}/{NAME}")
    assert host.edit_file(NAME, lambda data: data + b"two\n")
    assert file.is_symlink()
    assert lab.web2.path(f"{HOME}/elsewhere").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("theirs", [b"theirs", b"ONE\n"])
def test_what_somebody_else_writes_meanwhile_is_not_lost(
    file: Path, host: SshHost, theirs: bytes
) -> None:
    def change(data: bytes) -> bytes:
        file.write_bytes(theirs)
        return data + b"ours\n"

    with pytest.raises(DriverError) as caught:
        host.edit_file(NAME, change)
    assert caught.value.code == "conflict"
    assert file.read_bytes() == theirs
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_a_file_that_may_not_be_written_is_not_replaced_either(
    lab: Lab, file: Path, host: SshHost
) -> None:
    lab.web2.run("chown", "root:root", f"{HOME}/{NAME}")
    file.chmod(0o644)
    with pytest.raises(DriverError) as caught:
        host.edit_file(NAME, lambda data: data + b"two\n")
    assert caught.value.code == "permission_denied"
    assert (file.read_bytes(), file.stat().st_uid) == (b"one\n", 0)


def test_a_file_that_is_too_long_is_left_alone(file: Path, host: SshHost) -> None:
    with pytest.raises(DriverError) as caught:
        host.edit_file(NAME, lambda data: b"", max_bytes=3)
    assert caught.value.code == "output_too_large"
    assert file.read_bytes() == b"one\n"
