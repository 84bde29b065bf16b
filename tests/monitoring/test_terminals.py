"""Terminals that are left, as the monitor ends them beside all else it does."""

from __future__ import annotations

import threading

import pytest

from monitoring import terminals
from monitoring.means import way_to
from provisioning.drivers import pool
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db


def test_a_host_is_reached_as_its_watcher_reaches_it() -> None:
    """By another way the pool would close the watcher's connections, and the watcher ours."""
    host = make_host(command_timeout_s=120)
    try:
        of_watcher = pool.host_driver(way_to(host))
        assert terminals.driver_of(host) is of_watcher
    finally:
        pool.forget(host.name)


def test_hosts_do_not_wait_for_each_other() -> None:
    both = threading.Barrier(2, timeout=20)

    def meet(part: str) -> None:
        both.wait()  # raises when nobody comes

    terminals.at_once(meet, ["web1", "web2"])
