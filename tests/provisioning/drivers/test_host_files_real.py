"""What only a real file system can do: links, mounts, full disks, writes that were broken off."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from provisioning.drivers import file_scripts, host_files
from provisioning.drivers.local import LocalHost
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened
from tests.provisioning.drivers.test_host_files import fails, local


@pytest.fixture
def host() -> LocalHost:
    return local()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_half_a_file_is_none(host: LocalHost, tmp_path: Path) -> None:
    """The sender went away: the script sees the end of its stdin before it had everything."""
    path = tmp_path / "f"
    path.write_bytes(b"old")
    part, beside = str(tmp_path / ".f.1.part"), str(tmp_path / ".f.")
    argv = ("/bin/sh", "-c", file_scripts.WRITE, "sh", str(path), part, "600", "9", beside, "")
    assert host.run(argv, stdin=b"half").exit_code == file_scripts.CUT_SHORT
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["f"])


def test_only_an_empty_folder_is_removed_as_one(host: LocalHost, tmp_path: Path) -> None:
    for name in ("empty", "full", "full/one"):
        (tmp_path / name).mkdir()
    for name in ("empty", "full", "missing"):
        host_files.remove_if_empty(host, str(tmp_path / name))
    assert names(tmp_path) == ["full"]


def test_what_was_broken_off_is_removed_by_the_next(host: LocalHost, tmp_path: Path) -> None:
    for name in (".f.0123.part", ".f.old.part", ".g.1.part", "x.part"):
        (tmp_path / name).write_bytes(b"half")
    host_files.write(host, str(tmp_path / "f"), b"1", mode=0o600)
    assert names(tmp_path) == [".g.1.part", "f", "x.part"]


def test_the_mode_is_there_before_the_content(host: LocalHost, tmp_path: Path) -> None:
    """The write ends for want of data; what lay there meanwhile is seen by a stand-in for dd."""
    (tmp_path / "bin").mkdir()
    spy = tmp_path / "bin" / "dd"
    spy.write_text(f"#!/bin/sh\nstat -c '%a %s' {tmp_path}/.f.*.part >{tmp_path}/seen; exec cat\n")
    spy.chmod(0o755)
    argv = ("/usr/bin/env", f"PATH={tmp_path}/bin:/usr/bin:/bin", "/bin/sh", "-c")
    part, beside = str(tmp_path / ".f.1.part"), str(tmp_path / ".f.")
    args = (file_scripts.WRITE, "sh", str(tmp_path / "f"), part, "640", "3", beside, "")
    assert host.run((*argv, *args), stdin=b"abc").exit_code == 0
    assert (tmp_path / "seen").read_text() == "640 0\n"


def test_a_link_is_replaced_and_not_followed(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"theirs")
    (tmp_path / "f").symlink_to(tmp_path / "target")
    host_files.write(host, str(tmp_path / "f"), b"ours", mode=0o600)
    assert (tmp_path / "target").read_bytes() == b"theirs"
    assert not (tmp_path / "f").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_who_is_replaced_keeps_its_owner(host: LocalHost, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"1")
    os.chown(path, 1234, 2345)
    host_files.write(host, str(path), b"2", mode=0o640)
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o640)


def test_links_do_not_lead_out(host: LocalHost, tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside"
    (outside / "in").mkdir(parents=True)
    site.mkdir()
    (outside / "secret").write_bytes(b"theirs")
    (site / "link").symlink_to(outside)
    (site / "file").symlink_to(outside / "secret")
    for path in (f"{site}/link/secret", f"{site}/file"):
        fails(lambda path=path: host_files.read(host, path, below=str(site)), "conflict")  # type: ignore[misc]
    fails(
        lambda: host_files.write(host, f"{site}/link/new", b"", mode=0o600, below=str(site)),
        "conflict",
    )
    fails(lambda: host_files.remove_tree(host, f"{site}/link/in", below=str(site)), "conflict")
    assert host_files.read(host, f"{site}/file") == b"theirs"  # where it was not asked for
    assert list(host_files.listing(host, str(site))) == []
    assert host_files.remove_tree(host, f"{site}/link", below=str(site))
    assert host_files.remove_tree(host, str(site), below=str(tmp_path))
    assert names(outside) == ["in", "secret"]


def test_the_root_of_all_sites_may_be_a_link(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    root = tmp_path / "sites"
    root.symlink_to(tmp_path / "disk")
    assert host_files.make_folder(host, f"{root}/acme", mode=0o755)
    host_files.write(host, f"{root}/acme/f", b"1", mode=0o600, below=str(root))
    assert host_files.remove_tree(host, f"{root}/acme", below=str(root))
    assert names(tmp_path / "disk") == []


def test_links_that_lead_out_are_told(host: LocalHost, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "data" / "real").mkdir(parents=True)
    for name, leads_to in {"out": "/etc", "up": "../..", "hangs": "/nowhere/at/all"}.items():
        (site / "data" / name).symlink_to(leads_to)
    (site / "data" / "in").symlink_to("real")
    ends = ("out", "out/hosts", "out/new/x", "up", "hangs", "in", "in/new", "real", "not-there/yet")
    paths = [f"{site}/data/{end}" for end in ends]
    told = host_files.leading_out(host, str(site), [*paths, "/etc/passwd"])
    assert told == paths[:5]
    (tmp_path / "other").symlink_to("site")
    paths = [path.replace("/site/", "/other/") for path in paths]
    assert host_files.leading_out(host, f"{tmp_path}/other", paths) == paths[:5]
    assert host_files.leading_out(host, f"{tmp_path}/none", [f"{tmp_path}/none/x"]) == []


def test_devices_and_pipes_do_not_hold_us(host: LocalHost, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    fails(lambda: host_files.read(host, str(tmp_path / "pipe")), "conflict")
    fails(lambda: host_files.read(host, "/dev/zero"), "conflict")
    assert host_files.listing(host, str(tmp_path)) == {}


@pytest.mark.parametrize(
    "script",
    [text for name, text in vars(file_scripts).items() if name.isupper() and isinstance(text, str)],
)
def test_other_shells_take_the_scripts(script: str) -> None:
    for shell in (("dash", "-n"), ("bash", "-n"), ("busybox", "sh", "-n")):
        done = subprocess.run([*shell, "-c", script], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.lab
def test_nothing_that_is_mounted_is_emptied(lab: Lab) -> None:
    lab.web1.run("mkdir", "-p", "/srv/m/shop/data", "/srv/m/shop/tmp", "/srv/disk")
    lab.web1.write_text("/srv/disk/precious", "1")
    lab.web1.run("mount", "--bind", "/srv/disk", "/srv/m/shop/data")
    try:
        lab.web1.run("mount", "-t", "tmpfs", "none", "/srv/m/shop/tmp")
        lab.web1.write_text("/srv/m/shop/tmp/x", "1")
        with opened(lab.web1) as driver:
            error = fails(
                lambda: host_files.remove_tree(driver, "/srv/m/shop", below="/srv/m"), "conflict"
            )
            assert "mounted" in error.message
            # Another file system is not entered; the same one, mounted once more, cannot be told.
            assert list(host_files.listing(driver, "/srv/m")) == ["shop/data/precious"]
    finally:
        lab.web1.run("umount", "/srv/m/shop/tmp")
        lab.web1.run("umount", "/srv/m/shop/data")
    assert lab.web1.read_text("/srv/disk/precious") == "1"


@pytest.mark.lab
def test_a_full_disk_leaves_the_old_file(lab: Lab) -> None:
    with opened(lab.web1) as driver:
        lab.web1.fill_disk("/srv")
        host_files.make_folder(driver, "/srv/small", mode=0o755)
        lab.web1.run("truncate", "--size=-4096", "/srv/full")  # room for one page
        host_files.write(driver, "/srv/small/f", b"old", mode=0o600)
        fails(
            lambda: host_files.write(driver, "/srv/small/f", b"x" * 5000, mode=0o600), "disk_full"
        )
        assert host_files.read(driver, "/srv/small/f") == b"old"
        assert list(host_files.listing(driver, "/srv/small")) == ["f"]


@pytest.mark.lab
def test_what_a_user_may_not_do(lab: Lab) -> None:
    with opened(lab.web2, user="ops") as driver:
        fails(lambda: host_files.read(driver, "/etc/shadow"), "permission_denied")
        fails(lambda: host_files.read(driver, "/root/x/y"), "permission_denied")
        fails(lambda: host_files.exists(driver, "/root/x"), "permission_denied")
        fails(lambda: host_files.write(driver, "/etc/x", b"", mode=0o600), "permission_denied")
        fails(lambda: host_files.make_folder(driver, "/etc/x", mode=0o700), "permission_denied")
        fails(lambda: host_files.listing(driver, "/root"), "permission_denied")
        fails(lambda: host_files.move(driver, "/etc/passwd", "/etc/x"), "permission_denied")
        fails(
            lambda: host_files.remove_tree(driver, "/etc/passwd", below="/etc"), "permission_denied"
        )
    with opened(lab.web2, user="deploy") as driver:
        fails(lambda: host_files.read(driver, "/etc/shadow", sudo=True), "sudo_refused")
    with opened(lab.web2, user="steward") as driver:
        assert host_files.read(driver, "/etc/shadow", sudo=True)
