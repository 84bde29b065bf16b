from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from siteflow.bell import Bell, Listener


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bus"


def test_every_listener_hears_a_ring(folder: Path) -> None:
    bell = Bell(folder)
    one, two = bell.listen(), bell.listen()
    bell.ring()
    assert one.wait(timeout_s=1) and two.wait(timeout_s=1)
    one.close()
    two.close()


def test_silence_is_told_from_a_ring(folder: Path) -> None:
    listener = Bell(folder).listen()
    assert not listener.wait(timeout_s=0)
    listener.close()


def test_a_ring_between_two_waits_is_not_lost(folder: Path) -> None:
    bell = Bell(folder)
    listener = bell.listen()
    for _ in range(3):
        bell.ring()
    assert listener.wait(timeout_s=0)
    assert not listener.wait(timeout_s=0)
    bell.ring()
    assert listener.wait(timeout_s=0)
    listener.close()


def test_the_ringer_can_leave_itself_out(folder: Path) -> None:
    bell = Bell(folder)
    own, other = bell.listen(), bell.listen()
    bell.ring(skip={own.name})
    assert other.wait(timeout_s=0) and not own.wait(timeout_s=0)
    own.close()
    other.close()


def test_a_full_queue_does_not_block(folder: Path) -> None:
    bell = Bell(folder)
    listener = bell.listen()
    for _ in range(1000):
        bell.ring()
    assert listener.wait(timeout_s=0)
    listener.close()


def test_ringing_where_nobody_ever_listened(folder: Path) -> None:
    Bell(folder).ring()
    assert not folder.exists()


def test_a_dead_listeners_file_is_removed_by_the_next_ring(folder: Path) -> None:
    bell = Bell(folder)
    child = os.fork()
    if child == 0:
        listener = bell.listen()
        os._exit(0 if listener.path.exists() else 1)  # as a kill would: nothing is cleaned up
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(folder.iterdir())) == 1
    alive = bell.listen()
    bell.ring()
    assert list(folder.iterdir()) == [alive.path]
    alive.close()


def test_other_files_in_the_folder_stay(folder: Path) -> None:
    bell = Bell(folder)
    listener = bell.listen()
    (folder / "note").write_text("x")
    bell.ring()
    assert (folder / "note").exists()
    listener.close()


def test_closing_removes_the_file_but_a_childs_close_does_not(folder: Path) -> None:
    listener = Bell(folder).listen()
    child = os.fork()
    if child == 0:
        listener.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert listener.is_reachable()
    listener.close()
    assert not listener.is_reachable()


def test_an_abandoned_listener_closes_itself(folder: Path) -> None:
    Bell(folder).listen()
    assert list(folder.iterdir()) == []


def test_only_the_owner_may_enter_the_folder(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    listener = Bell(folder).listen()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    listener.close()


def test_a_path_longer_than_a_socket_address(tmp_path: Path) -> None:
    bell = Bell(tmp_path / ("long" * 40))
    listener: Listener = bell.listen()
    bell.ring()
    assert listener.wait(timeout_s=0)
    listener.close()
