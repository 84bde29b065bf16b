"""Many processes put things on record at once, and some are killed while they do."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import pytest
from django.db import connections, transaction

from audit import copy
from audit.chain import verify
from audit.models import Entry, Head
from audit.record import Actor, record

WRITERS = 20
KILLS = 20
OPERATIONS_EACH = 8
DEADLINE_S = 120
fork = multiprocessing.get_context("fork")


def work(writer: int) -> None:
    """Some operations: intent, effect, outcome – and some that fail before they begin."""
    for number in range(OPERATIONS_EACH):
        operation_id = writer * 1_000 + number
        put("intent", "accepted", operation_id)
        if number % 3 == 0:
            roll_back(operation_id)
        put("outcome", "succeeded", operation_id)


def put(phase: str, status: str, operation_id: int) -> None:
    with transaction.atomic():
        record(
            phase=phase,
            action="container.restart",
            status=status,
            actor=Actor(name=f"writer {operation_id // 1_000}", source="task"),
            operation_id=operation_id,
            output="x" * 500,
        )


def roll_back(operation_id: int) -> None:
    class Refused(Exception):
        pass

    try:
        with transaction.atomic():
            put("event", "refused", operation_id)
            raise Refused
    except Refused:
        return


def begin(writer: int) -> BaseProcess:
    process = fork.Process(target=work, args=(writer,))
    connections.close_all()  # a child must not share a connection with us
    process.start()
    return process


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the writers do not get on"
        time.sleep(0.005)  # other processes write; nothing tells of it


def seq() -> int:
    return Head.objects.get().seq


@pytest.mark.django_db(transaction=True)
def test_twenty_writers_with_crashes_leave_a_whole_chain() -> None:
    chance = random.Random(7)  # noqa: S311
    running = {writer: begin(writer) for writer in range(WRITERS)}
    killed = 0
    while killed < KILLS:
        target = seq() + chance.randint(1, 12)
        wait_for(lambda: seq() >= target or not any(p.is_alive() for p in running.values()))  # noqa: B023
        alive = [writer for writer, process in running.items() if process.is_alive()]
        assert alive, "all were done before they could be killed"
        victim = chance.choice(alive)
        os.kill(running[victim].pid or 0, signal.SIGKILL)
        running[victim].join()
        killed += running[victim].exitcode == -signal.SIGKILL
        running[victim + WRITERS] = begin(victim + WRITERS)
        del running[victim]
    for process in running.values():
        process.join(DEADLINE_S)
    assert [process.exitcode for process in running.values()] == [0] * WRITERS

    verdict = verify()
    assert verdict.ok, verdict
    assert verdict.checked == seq() == Entry.objects.count()
    assert not Entry.objects.filter(status="refused").exists()
    for phase in ("intent", "outcome"):
        done = Entry.objects.filter(phase=phase).values_list("operation_id", flat=True)
        assert len(done) == len(set(done)) >= len(running) * OPERATIONS_EACH

    copy.sync()
    assert [mark.id for mark in copy.marks()] == list(range(1, seq() + 1))
    assert verify().notes == ()
