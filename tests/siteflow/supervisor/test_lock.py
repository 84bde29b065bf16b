from __future__ import annotations

import os
from pathlib import Path

import pytest

from siteflow.supervisor.lock import AlreadyServed, lock


def test_one_supervisor_per_folder(tmp_path: Path) -> None:
    with lock(tmp_path), pytest.raises(AlreadyServed) as caught, lock(tmp_path):
        pass
    assert str(caught.value) == f"Another SiteFlow (process {os.getpid()}) runs on {tmp_path}"


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with lock(tmp_path):
            assert (tmp_path / "run" / "serve.lock").read_text() == str(os.getpid())


def test_single_roles_share_the_folder(tmp_path: Path) -> None:
    with (
        lock(tmp_path, only=["web"]),
        lock(tmp_path, only=["worker"]),
        lock(tmp_path, only=["web"]),
    ):
        pass


@pytest.mark.parametrize("role", ["worker", "monitor"])
def test_but_not_twice_the_same(tmp_path: Path, role: str) -> None:
    with lock(tmp_path, only=[role]), pytest.raises(AlreadyServed), lock(tmp_path, only=[role]):
        pass


def test_all_and_single_roles_exclude_each_other(tmp_path: Path) -> None:
    with lock(tmp_path), pytest.raises(AlreadyServed), lock(tmp_path, only=["web"]):
        pass
    with lock(tmp_path, only=["web"]), pytest.raises(AlreadyServed), lock(tmp_path):
        pass
