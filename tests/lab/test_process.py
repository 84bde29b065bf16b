import os
import signal
import subprocess

import pytest

from tests.lab.process import Process


def test_a_process_is_known_by_its_pid_and_start() -> None:
    me = Process.of(os.getpid())
    assert me.alive()
    assert not Process(me.pid, me.start_ticks + 1).alive()


def test_another_process_with_the_same_pid_is_not_signalled() -> None:
    with subprocess.Popen(["sleep", "60"]) as running:
        now = Process.of(running.pid)
        Process(now.pid, now.start_ticks - 1).kill()
        assert now.alive()
        now.kill()
        assert running.wait() == -signal.SIGKILL
        now.kill()


def test_a_zombie_has_ended() -> None:
    ended = subprocess.Popen(["true"])
    process = Process.of(ended.pid)
    process.wait_end()
    assert not process.alive()
    assert ended.wait() == 0


def test_no_such_process() -> None:
    with pytest.raises(ProcessLookupError):
        Process.of(2**22)


def test_children_and_name() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & read x"], stdin=subprocess.PIPE) as shell:
        parent = Process.of(shell.pid)
        while not parent.children() or parent.children()[0].command_name() != "sleep":
            assert parent.alive()
        child = parent.children()[0]
        assert (child.command_name(), child.inner_pid()) == ("sleep", child.pid)
        child.kill()
        child.wait_end()
