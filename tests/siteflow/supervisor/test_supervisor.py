from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.siteflow.supervisor.running import Running, until

Serve = Callable[..., Running]
DEAF = "trap '' TERM; "


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def test_lines_say_where_they_come_from(serve: Serve) -> None:
    running = serve(
        {"web": "echo hello; printf end; exec sleep 1000", "worker": "echo on stderr >&2"}
    )
    assert running.wait_line("hello") == "web      | hello"
    assert running.wait_line("on stderr") == "worker   | on stderr"
    assert running.stop() == 0
    assert "web      | end" in running.lines


def test_who_ends_is_started_again_with_growing_pauses(serve: Serve) -> None:
    running = serve({"worker": "echo up; exit 3"})
    running.wait_line("worker ended with exit code 3; again in 0.5 s")
    running.wait_line("worker ended with exit code 3; again in 1 s")
    running.wait_line("worker ended with exit code 3; again in 2 s")
    assert sum("| up" in line for line in running.lines) == 3
    assert running.stop() == 0


def test_who_is_killed_is_started_again(serve: Serve) -> None:
    running = serve({"web": "echo pid $$; exec sleep 1000"})
    pid = int(running.wait_line(r"pid \d+").rpartition(" ")[2])
    os.kill(pid, signal.SIGKILL)
    running.wait_line("web was killed by SIGKILL; again in 0.5 s")
    assert int(running.wait_line(r"pid \d+", count=2).rpartition(" ")[2]) != pid
    assert running.stop() == 0


def test_what_cannot_be_run_is_tried_again(serve: Serve, tmp_path: Path) -> None:
    running = serve({"web": "exec /nowhere/to/be/found"})
    running.wait_line("not found")
    running.wait_line("web ended with exit code 127; again")
    assert running.stop() == 0


ORPHANS = "sleep 1001 & setsid sleep 1002 & (setsid sleep 1003 &); echo up; wait"


def test_orphans_are_gone_before_the_next_life(serve: Serve) -> None:
    running = serve({"worker": f"echo pid $$; {ORPHANS}"})
    running.wait_line("up")
    first = running.wait_pids("sleep", count=3)
    os.kill(int(running.wait_line(r"pid \d+").rpartition(" ")[2]), signal.SIGKILL)
    running.wait_line("worker was killed by SIGKILL and left 3 processes, now killed; again")
    assert not first & running.processes().keys()
    running.wait_line("up", count=2)
    assert running.stop() == 0
    assert running.processes() == {}


def test_a_killed_supervisor_leaves_nothing(
    serve: Serve, record_property: Callable[[str, object], None]
) -> None:
    roles = {"web": ORPHANS, "worker": DEAF + ORPHANS, "monitor": "echo up; exec sleep 1000"}
    running = serve(roles)
    running.wait_line("up", count=3)
    assert len(running.processes()) == 2 + 2 * 4 + 1
    running.process.kill()
    took_s = running.wait_gone(timeout_s=2.0)
    record_property("took_s", took_s)
    print(f"all gone {took_s:.2f} s after kill -9 of the supervisor")


def test_its_lock_is_free_when_all_is_gone(serve: Serve) -> None:
    first = serve({"worker": DEAF + "echo up; sleep 1000"})
    first.wait_line("up")
    first.process.kill()
    second = serve({"worker": "echo up again; exec sleep 1000"})
    second.wait_line("up again")
    second.wait_pids("sleep 1000")
    assert second.stop() == 0


def test_a_killed_guard_is_replaced(serve: Serve) -> None:
    running = serve({"worker": DEAF + ORPHANS})
    running.wait_line("up")
    os.kill(running.guard(), signal.SIGKILL)
    running.wait_line("there is a new one")
    running.process.kill()
    running.wait_gone(timeout_s=2.0)


def test_stopping_begins_with_the_web_process(serve: Serve) -> None:
    told = "trap 'echo told $(date +%s%N); exit' TERM; echo up; while :; do sleep 0.02; done"
    running = serve({"worker": told, "web": told})
    running.wait_line("up", count=2)
    assert running.stop() == 0
    at = {
        name: int(running.wait_line(f"{name} .*told").rpartition(" ")[2])
        for name in ("web", "worker")
    }
    assert at["web"] < at["worker"]
    assert running.lines[-1].endswith("All stopped.")
    assert running.processes() == {}


def test_who_does_not_end_in_time_is_killed(serve: Serve) -> None:
    running = serve({"worker": DEAF + ORPHANS})
    running.wait_line("up")
    started = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - started >= 1.0
    running.wait_line("worker did not end in time; killing it")
    assert running.processes() == {}


def test_asked_twice_it_does_not_wait(serve: Serve) -> None:
    running = serve({"web": DEAF + "echo up; sleep 1000", "worker": DEAF + "echo up; sleep 1000"})
    running.wait_line("up", count=2)
    running.process.send_signal(signal.SIGINT)
    running.wait_line("Once more")
    assert running.stop() == 0
    assert not any("in time" in line for line in running.lines)
    assert running.processes() == {}


def test_a_hangup_without_a_terminal_restarts_all(serve: Serve) -> None:
    running = serve({"web": "echo up; exec sleep 1000", "worker": "echo up; exec sleep 1000"})
    running.wait_line("up", count=2)
    running.process.send_signal(signal.SIGHUP)
    running.wait_line("web was killed by SIGTERM; again in 0 s")
    running.wait_line("up", count=4)
    assert running.stop() == 0


def test_a_silent_queue_costs_the_worker_its_life(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "alive").touch()
    running = serve({"worker": f"echo pid $$; {ORPHANS}", "web": "exec sleep 1000"}, canary_s=1.5)
    running.wait_line("up")
    web = running.wait_pids("sleep 1000")
    for _ in range(50):  # two and a half seconds of life
        os.utime(tmp_path / "alive")
        time.sleep(0.05)
    assert not any("killing" in line for line in running.lines)
    running.wait_line(r"The queue has not moved for \d s; killing the worker")
    running.wait_line("up", count=2)
    running.wait_pids("sleep 1002")
    assert running.pids_of("sleep 1000") == web
    assert running.stop() == 0


def test_no_canary_is_expected_while_the_monitor_is_down(serve: Serve, tmp_path: Path) -> None:
    roles = {"worker": "echo up; exec sleep 1000", "monitor": "sleep 0.3; exit 1"}
    running = serve(roles, canary_s=0.5)
    running.wait_line("monitor ended", count=3)  # two seconds, but never long at a stretch
    assert not any("killing" in line for line in running.lines)
    assert running.stop() == 0


def test_the_address_is_told_when_it_answers(serve: Serve) -> None:
    port = free_port()
    running = serve({"web": f"exec {sys.executable} -m http.server {port}"}, port=port)
    running.wait_line(f"SiteFlow is ready at http://127.0.0.1:{port}/")
    os.kill(next(iter(running.pids_of(".*http.server"))), signal.SIGKILL)
    running.wait_line("The web process answers again")
    assert running.stop() == 0


def test_it_goes_on_when_nobody_reads_its_lines(serve: Serve) -> None:
    flood = "while :; do echo 0123456789012345678901234567890123456789; done"
    running = serve({"web": flood, "worker": "sleep 1001; exit 1"})
    running.wait_line("0123")
    running.stop_reading()
    (first,) = until(lambda: running.pids_of("sleep"), what="the worker")
    os.kill(first, signal.SIGKILL)
    until(lambda: running.pids_of("sleep") - {first}, what="its next life")
    assert running.stop() == 0


def test_it_is_small(serve: Serve, record_property: Callable[[str, object], None]) -> None:
    running = serve({"web": "echo up; exec sleep 1000"})
    running.wait_line("up")
    pss_mb = {
        name: _pss_kb(pid) / 1024
        for name, pid in (("supervisor", running.process.pid), ("guard", running.guard()))
    }
    record_property("pss_mb", pss_mb)
    print(", ".join(f"{name} {mb:.1f} MB" for name, mb in pss_mb.items()))
    assert sum(pss_mb.values()) < 20
    assert running.stop() == 0


def _pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("Pss:")))
