"""Work that may take long, off the event loop and off the few threads that all of it shares."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs ``work`` in a thread of its own: one for each call, so a dead host holds up nobody else.

    Cancelled, it returns at once; the thread ends with its work, whose outcome nobody gets.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def finish(value: T | None, error: BaseException | None) -> None:
        if outcome.cancelled():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, failure = None, None
        try:
            value = work(*args, **kwargs)
        except BaseException as error:  # whatever it is, it is for who waits
            failure = error
        finally:
            connections.close_all()  # of this thread only
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finish, value, failure)

    name = f"own-{getattr(work, '__name__', 'work')}"
    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
