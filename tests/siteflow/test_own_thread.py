"""Long work beside the event loop: its value, its error, and nobody who waits any more."""

from __future__ import annotations

import asyncio
import threading

import pytest

from siteflow.own_thread import in_own_thread
from tests.siteflow.loops import in_loop


@in_loop
async def test_a_value_and_an_error_come_back() -> None:
    assert await in_own_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_own_thread(divmod, 7, 0)


@in_loop
async def test_many_wait_at_once_without_waiting_for_each_other() -> None:
    all_there = threading.Barrier(50)
    await asyncio.gather(*(in_own_thread(all_there.wait, 30.0) for _ in range(50)))


@in_loop
async def test_who_is_cancelled_does_not_wait_for_the_work() -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(30)
        done.set()

    task = asyncio.create_task(in_own_thread(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not done.is_set()
    go.set()
    assert await asyncio.to_thread(done.wait, 30)
