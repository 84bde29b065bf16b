from __future__ import annotations

import threading

import pytest
from django.db import InterfaceError, OperationalError, connection

from monitoring.database import DatabaseThreads
from sites.models import Host
from tests.provisioning.rows import make_host

pytestmark = pytest.mark.django_db(transaction=True)


def test_work_is_done_elsewhere_and_its_result_given_back() -> None:
    make_host()
    database = DatabaseThreads(size=2)
    assert database(lambda: Host.objects.get().name) == "web1"
    assert database(threading.current_thread).name.startswith("database-")
    database.close()


def test_what_the_work_raises_is_raised_here_and_the_thread_lives_on() -> None:
    database = DatabaseThreads(size=1)
    with pytest.raises(ZeroDivisionError):
        database(lambda: 1 // 0)
    assert database(Host.objects.count) == 0
    database.close()


def test_a_broken_connection_is_replaced_and_the_work_done_again() -> None:
    database = DatabaseThreads(size=1)

    def break_it() -> None:
        connection.ensure_connection()
        assert connection.connection is not None
        connection.connection.close()

    database(break_it)
    assert database(Host.objects.count) == 0
    database.close()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_an_error_that_lasts_is_raised(error: type[Exception]) -> None:
    database = DatabaseThreads(size=1)
    attempts = []

    def work() -> None:
        attempts.append(1)
        raise error("the server closed the connection")

    with pytest.raises(error):
        database(work)
    assert len(attempts) == 2
    database.close()


def test_closing_ends_the_threads_after_what_was_begun() -> None:
    database = DatabaseThreads(size=2)
    begun = [database.begin(Host.objects.count) for _ in range(20)]
    database.close(timeout_s=5)
    assert [each.result(0) for each in begun] == [0] * 20
    assert not any(thread.is_alive() for thread in database._threads)
