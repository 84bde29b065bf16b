"""The same by every way: in memory, this machine, over SSH as root, by sudo and as a user."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provisioning.drivers import host_files
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import HostDriver, Result
from provisioning.drivers.host_files import FileFact
from provisioning.drivers.local import LocalHost
from provisioning.drivers.target import LocalTarget
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened

NASTY = bytes(range(256)) * 3 + "p@ss'w\"o$rd #1 ü😀\r\n".encode()
NAMES = (
    "a b",
    "$(id)",
    "`id`",
    "it's",
    'say "hi"',
    "-rf",
    "ü😀",
    "a\nb",
    "x;y|z",
    "*",
    "\\n",
    "a" * 200,
)
LAB = pytest.mark.lab


@dataclass
class Place:
    """A host, how to act on it, and a new folder there."""

    host: HostDriver
    sudo: bool
    folder: str


def local() -> LocalHost:
    return LocalHost(LocalTarget("here", "/nonexistent", command_timeout_s=20))


class Busybox(LocalHost):
    """This machine as if it were an Alpine: every command of a script is BusyBox's."""

    def __init__(self, programs: Path) -> None:
        super().__init__(LocalTarget("here", "/nonexistent", command_timeout_s=20))
        programs.mkdir()
        subprocess.run(["busybox", "--install", "-s", programs], check=True)
        self._shell = ("env", f"PATH={programs}", str(programs / "sh"))

    def run(self, argv: Sequence[str], **options: Any) -> Result:
        return super().run((*self._shell, *argv[1:]), **options)


@pytest.fixture(
    params=[
        "fake",
        "local",
        "busybox",
        pytest.param("web1 root", marks=LAB),
        pytest.param("web2 steward", marks=LAB),
        pytest.param("web2 ops", marks=LAB),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    way = request.param
    if way == "fake":
        yield _made(Place(FakeHost(), False, "/srv/sites/acme"))
    elif way == "local":
        yield _made(Place(local(), False, str(tmp_path / "acme")))
    elif way == "busybox":
        yield _made(Place(Busybox(tmp_path / "bin"), False, str(tmp_path / "acme")))
    else:
        lab: Lab = request.getfixturevalue("lab")
        name, user = way.split()
        with opened(lab.hosts[name], user=user) as driver:
            folder = "/home/ops/acme" if user == "ops" else f"/srv/sites {user}/acme"
            yield _made(made := Place(driver, user == "steward", folder))
            host_files.remove_tree(driver, folder, below=folder.rpartition("/")[0], sudo=made.sudo)


def _made(place: Place) -> Place:
    assert host_files.make_folder(place.host, place.folder, mode=0o750, sudo=place.sudo)
    return place


def fails(call: Callable[[], object], code: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        call()
    assert caught.value.code == code, caught.value.message
    return caught.value


def test_what_is_written_is_read(place: Place) -> None:
    host, sudo, path = place.host, place.sudo, f"{place.folder}/.env"
    assert host_files.read(host, path, sudo=sudo) is None
    for data in (NASTY, b"", b"x", os.urandom(300_000)):
        host_files.write(host, path, data, mode=0o640, sudo=sudo, below=place.folder)
        assert host_files.read(host, path, sudo=sudo, below=place.folder) == data
    found = host_files.listing(host, place.folder, sudo=sudo)
    assert found == {".env": FileFact(hashlib.sha256(data).hexdigest(), 300_000, 0o640)}


def test_a_file_that_is_too_long(place: Place) -> None:
    path = f"{place.folder}/log"
    host_files.write(place.host, path, b"x" * 1001, mode=0o600, sudo=place.sudo)
    assert host_files.read(place.host, path, sudo=place.sudo, max_bytes=1001) == b"x" * 1001
    fails(
        lambda: host_files.read(place.host, path, sudo=place.sudo, max_bytes=1000),
        "output_too_large",
    )


def test_folders(place: Place) -> None:
    deep = f"{place.folder}/releases/1"
    assert host_files.make_folder(place.host, deep, mode=0o700, sudo=place.sudo)
    assert not host_files.make_folder(place.host, deep, mode=0o777, sudo=place.sudo)
    assert host_files.exists(place.host, f"{place.folder}/releases", sudo=place.sudo)
    assert not host_files.exists(place.host, f"{place.folder}/release", sudo=place.sudo)
    assert host_files.listing(place.host, place.folder, sudo=place.sudo) == {}
    missing = f"{place.folder}/none/file"
    fails(lambda: host_files.listing(place.host, missing, sudo=place.sudo), "not_found")
    fails(lambda: host_files.read(place.host, deep, sudo=place.sudo), "conflict")
    fails(lambda: host_files.write(place.host, deep, b"", mode=0o600, sudo=place.sudo), "conflict")
    fails(
        lambda: host_files.write(place.host, missing, b"", mode=0o600, sudo=place.sudo), "not_found"
    )


def test_a_listing_leaves_out_what_is_named(place: Place) -> None:
    for name in ("compose.yml", "data/db", "data2/x", "sub/data/y"):
        path = f"{place.folder}/{name}"
        host_files.make_folder(place.host, path.rpartition("/")[0], mode=0o755, sudo=place.sudo)
        host_files.write(place.host, path, name.encode(), mode=0o644, sudo=place.sudo)
    found = host_files.listing(
        place.host, place.folder, sudo=place.sudo, leave_out=("data", "logs")
    )
    assert sorted(found) == ["compose.yml", "data2/x", "sub/data/y"]
    assert found["data2/x"] == FileFact(hashlib.sha256(b"data2/x").hexdigest(), 7, 0o644)
    fails(lambda: host_files.listing(place.host, place.folder, leave_out=("*",)), "bad_argument")


def test_moving(place: Place) -> None:
    old, new = f"{place.folder}/a", f"{place.folder}/b"
    host_files.make_folder(place.host, f"{old}/in", mode=0o755, sudo=place.sudo)
    host_files.write(place.host, f"{old}/in/f", b"1", mode=0o600, sudo=place.sudo)
    host_files.move(place.host, old, new, sudo=place.sudo)
    assert host_files.read(place.host, f"{new}/in/f", sudo=place.sudo) == b"1"
    fails(lambda: host_files.move(place.host, old, new, sudo=place.sudo), "conflict")
    fails(lambda: host_files.move(place.host, old, f"{new}2", sudo=place.sudo), "not_found")
    host_files.make_folder(place.host, old, mode=0o755, sudo=place.sudo)
    fails(lambda: host_files.move(place.host, old, new, sudo=place.sudo), "conflict")


def test_removing(place: Place) -> None:
    path = f"{place.folder}/shop"
    host_files.make_folder(place.host, f"{path}/in", mode=0o755, sudo=place.sudo)
    host_files.write(place.host, f"{path}/in/f", b"1", mode=0o600, sudo=place.sudo)
    host_files.write(place.host, f"{path}2", b"2", mode=0o600, sudo=place.sudo)
    assert host_files.remove_tree(place.host, path, below=place.folder, sudo=place.sudo)
    assert not host_files.remove_tree(place.host, path, below=place.folder, sudo=place.sudo)
    assert list(host_files.listing(place.host, place.folder, sudo=place.sudo)) == ["shop2"]


def test_odd_names(place: Place) -> None:
    for name in NAMES:
        folder = f"{place.folder}/{name}"
        assert host_files.make_folder(place.host, folder, mode=0o700, sudo=place.sudo)
        host_files.write(place.host, f"{folder}/{name}", name.encode(), mode=0o600, sudo=place.sudo)
        assert host_files.read(place.host, f"{folder}/{name}", sudo=place.sudo) == name.encode()
    found = host_files.listing(place.host, place.folder, sudo=place.sudo)
    assert sorted(found) == sorted(f"{name}/{name}" for name in NAMES)
    for name in NAMES:
        path = f"{place.folder}/{name}"
        assert host_files.remove_tree(place.host, path, below=place.folder, sudo=place.sudo)
    assert host_files.listing(place.host, place.folder, sudo=place.sudo) == {}


@pytest.mark.parametrize(
    "path", ["", "/", "a", "a/b", "/a/", "//a", "/a//b", "/a/../b", "/..", "/a/.", "./a", "-rf"]
)
def test_a_path_says_where_it_leads(path: str) -> None:
    host = FakeHost()
    calls: list[Callable[[], object]] = [
        lambda: host_files.read(host, path),
        lambda: host_files.write(host, path, b"", mode=0o600),
        lambda: host_files.make_folder(host, path, mode=0o700),
        lambda: host_files.listing(host, path),
        lambda: host_files.exists(host, path),
        lambda: host_files.move(host, path, "/x"),
        lambda: host_files.move(host, "/x", path),
        lambda: host_files.remove_tree(host, path, below="/srv"),
        lambda: host_files.remove_tree(host, "/srv/x", below=path),
    ]
    for call in calls:
        fails(call, "bad_argument")
    assert host.ran == []


@pytest.mark.parametrize("path", ["/srv/sites", "/srv", "/srv/sites2/x", "/etc"])
def test_nothing_is_removed_but_below(path: str) -> None:
    host = FakeHost()
    fails(lambda: host_files.remove_tree(host, path, below="/srv/sites"), "bad_argument")
    assert host.ran == []


def test_data_and_names_are_no_text_of_the_script() -> None:
    host = FakeHost()
    host_files.make_folder(host, "/srv/sites/x", mode=0o755)
    host_files.write(host, "/srv/sites/x/.env", b"s3cret", mode=0o640, sudo=True)
    argv = host.ran[-1]
    assert argv[:3] == ("sudo", "/bin/sh", "-c")
    assert "x/.env" not in argv[3]
    assert not any("s3cret" in word for word in argv)
    assert host.stdin[-1] == b"s3cret"


@pytest.mark.parametrize(
    ("stdout", "code"),
    [
        ("644 1 " + "a" * 64 + " ./x", "garbage"),  # no end
        ("nonsense\0", "garbage"),
        ("9 1 " + "a" * 64 + " ./x\0", "garbage"),
        ("644 1 " + "a" * 64 + " /etc/x\0", "garbage"),
        (("644 1 " + "a" * 64 + " ./x\0") * 5001, "output_too_large"),
    ],
)
def test_a_list_that_cannot_be(stdout: str, code: str) -> None:
    host = FakeHost()
    host.answer("/bin/sh", stdout=stdout)
    if stdout.endswith("x"):
        assert host_files.listing(host, "/srv/sites") == {}
    else:
        fails(lambda: host_files.listing(host, "/srv/sites"), code)


def test_what_did_not_arrive_readable() -> None:
    host = FakeHost()
    host.answer("/bin/sh", stdout="not base64!")
    fails(lambda: host_files.read(host, "/srv/sites/x"), "garbage")
