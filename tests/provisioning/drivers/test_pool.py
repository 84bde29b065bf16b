from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioning.drivers import pool
from provisioning.drivers.connection import Connection
from provisioning.drivers.local import LocalHost
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import LocalTarget, Login, SshTarget

KEY = "ssh-ed25519 AAAA"
BASTION = SshTarget("bastion", "10.0.0.1", 22, "jump", Login("password", "one"), KEY)
WEB = SshTarget("web1", "10.0.0.2", 22, "root", Login("password", "two"), KEY)


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    yield
    pool.close_all()


def driver(target: SshTarget) -> SshHost:
    made = pool.host_driver(target)
    assert isinstance(made, SshHost)
    return made


def test_one_driver_for_one_host() -> None:
    assert driver(WEB) is driver(replace(WEB))
    assert isinstance(pool.host_driver(LocalTarget("here")), LocalHost)


@pytest.mark.parametrize(
    "change",
    [
        {"port": 2222},
        {"login": Login("password", "new")},
        {"host_key": "ssh-ed25519 BBBB"},
        {"sudo": True},
        {"via": BASTION},
    ],
)
def test_another_way_in_is_another_driver(
    change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[SshHost] = []
    monkeypatch.setattr(SshHost, "close", lambda host: closed.append(host))
    before = driver(WEB)
    after = driver(replace(WEB, **change))  # type: ignore[arg-type]
    assert after is not before
    assert closed == [before]


def test_hosts_behind_one_jump_host_share_its_connection() -> None:
    behind = [replace(WEB, name=f"web{number}", via=BASTION) for number in range(3)]
    jumps = {_jump(driver(target)) for target in behind}
    assert jumps == {driver(BASTION).calls}


def test_a_changed_jump_host_changes_the_way() -> None:
    before = _jump(driver(replace(WEB, via=BASTION)))
    after = _jump(driver(replace(WEB, via=replace(BASTION, port=2222))))
    assert before is not after


def _jump(host: SshHost) -> Connection | None:
    return host.calls._via


def test_forgetting() -> None:
    before = driver(WEB)
    pool.forget("web1")
    pool.forget("never-heard-of")
    assert driver(WEB) is not before


def test_many_threads_get_the_same_driver() -> None:
    found: set[SshHost] = set()
    threads = [threading.Thread(target=lambda: found.add(driver(WEB))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_starts_with_none() -> None:
    driver(WEB)
    child = os.fork()
    if child == 0:
        os._exit(0 if not pool._hosts and pool._lock.acquire(timeout=1) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert pool._hosts
