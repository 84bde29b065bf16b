from __future__ import annotations

import threading
import time

import pytest

from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.slots import Slots


def slots(size: int, reclaim: bool = False) -> Slots:
    """With ``reclaim``, one slot is given back whenever somebody asks for it."""

    def give() -> bool:
        if reclaim:
            made.give_back()
        return reclaim

    made = Slots(size, who="web1", reclaim=give)
    return made


def test_waiting_has_a_deadline() -> None:
    full = slots(1)
    full.take(Deadline(1))
    started = time.monotonic()
    with pytest.raises(DriverError) as caught:
        full.take(Deadline(0.4))
    assert caught.value.code == "busy"
    assert 0.3 < time.monotonic() - started < 2
    assert full.taken == 1


def test_a_waiting_caller_gets_the_slot_that_comes_free() -> None:
    full = slots(1)
    full.take(Deadline(1))
    waiter = threading.Thread(target=full.take, args=(Deadline(10),))
    waiter.start()
    full.give_back()
    waiter.join(5)
    assert not waiter.is_alive()
    assert full.taken == 1


def test_a_kept_channel_is_asked_back_after_a_moment() -> None:
    full = slots(1, reclaim=True)
    full.take(Deadline(1))
    full.take(Deadline(5))
    assert full.taken == 1


def test_never_more_than_its_size() -> None:
    small, most, lock = slots(3), [0], threading.Lock()

    def use() -> None:
        for _ in range(50):
            small.take(Deadline(20))
            with lock:
                most[0] = max(most[0], small.taken)
            small.give_back()

    users = [threading.Thread(target=use) for _ in range(20)]
    for user in users:
        user.start()
    for user in users:
        user.join(30)
    assert most[0] <= 3
    assert small.taken == 0
