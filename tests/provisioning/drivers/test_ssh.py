"""Commands over a real sshd."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostkeys import key_of
from provisioning.drivers.ssh import SshHost
from tests.lab.command import wait_until
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened, running, target_of, wait_gone
from tests.provisioning.drivers.test_command import NASTY

pytestmark = pytest.mark.lab


@pytest.fixture
def web1(lab: Lab) -> Iterator[SshHost]:
    with opened(lab.web1) as driver:
        yield driver


def fails(call: Callable[[], object]) -> DriverError:
    with pytest.raises(DriverError) as caught:
        call()
    return caught.value


def test_arguments_arrive_byte_for_byte(lab: Lab) -> None:
    for host, user in ((lab.web1, "root"), (lab.web2, "deploy")):
        with opened(host, user=user) as driver:
            result = driver.run(("printf", "%s\\0", *NASTY))
            assert result.stdout.split("\0")[:-1] == list(NASTY)


def test_streams_and_exit_codes_stay_apart(web1: SshHost) -> None:
    result = web1.run(("sh", "-c", "cat; echo err >&2; exit 7"), stdin=b"in\n")
    assert (result.exit_code, result.stdout, result.stderr) == (7, "in\n", "err\n")
    assert web1.run(("no-such-command",)).exit_code == 127
    assert web1.run(("/etc/passwd",)).exit_code == 126
    assert web1.run(("sh", "-c", "kill -9 $$")).exit_code == 137


def test_more_than_the_window_in_both_directions(web1: SshHost) -> None:
    data = os.urandom(3_000_000).hex().encode()
    result = web1.run(("cat",), stdin=data, max_bytes=10_000_000)
    assert result.stdout.encode() == data


def test_output_is_cut_but_the_command_ends_well(web1: SshHost) -> None:
    script = "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 4"
    result = web1.run(("sh", "-c", script), max_bytes=1000)
    assert (result.exit_code, result.truncated) == (4, True)
    assert len(result.stdout) + len(result.stderr) == 1000


def test_stdin_that_nobody_reads(web1: SshHost) -> None:
    assert web1.run(("true",), stdin=b"x" * 5_000_000).exit_code == 0


@pytest.mark.parametrize("script", ["exec sleep 303", "trap '' TERM; sleep 303 & sleep 303"])
def test_nothing_is_left_of_a_command_that_took_too_long(
    lab: Lab, web1: SshHost, script: str
) -> None:
    started = time.monotonic()
    error = fails(lambda: web1.run(("sh", "-c", script), timeout_s=1.0))
    assert time.monotonic() - started < 3
    assert error.code == "timeout"
    assert error.message == "web1: the command did not end within 1 s"
    wait_gone(lab.web1, "sleep 303")
    wait_until(lambda: web1.calls.slots.taken == 0, what="the slot is free again")
    assert web1.run(("true",)).exit_code == 0


def test_all_channels_hanging_do_not_lock_the_host(lab: Lab, web1: SshHost) -> None:
    lab.web1.configure_sshd(MaxSessions=4)
    with ThreadPoolExecutor(4) as pool:
        hang = [pool.submit(web1.run, ("sleep", "304"), timeout_s=1.0) for _ in range(4)]
        assert {fails(future.result).code for future in hang} == {"timeout"}
    assert web1.run(("true",), timeout_s=10).exit_code == 0
    wait_gone(lab.web1, "sleep 304")


def test_a_child_left_behind_does_not_hold_the_call(lab: Lab, web1: SshHost) -> None:
    result = web1.run(("sh", "-c", "echo done; sleep 5 &"))
    assert result.stdout == "done\n"
    assert result.duration_ms < 4000


def test_waiting_for_a_channel_has_a_deadline(web1: SshHost) -> None:
    release = threading.Event()

    def hold() -> None:
        web1.run(("sh", "-c", "read line"), stdin=b"", timeout_s=5)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(web1.run, ("sleep", "2"))
        wait_until(lambda: web1.calls.slots.taken == 4, what="all channels are in use")
        assert fails(lambda: web1.run(("true",), timeout_s=0.5)).code == "busy"
    release.set()
    hold()


def test_twenty_at_once_connect_once(lab: Lab, web1: SshHost) -> None:
    before = lab.web1.connections()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: web1.run(("true",)), range(20)))
    assert lab.web1.connections() - before == 1


def test_twenty_at_once_learn_of_one_failure(lab: Lab) -> None:
    lab.web1.configure_sshd(DenyUsers="root")
    before, all_there = lab.web1.auth_attempts(), threading.Barrier(21)
    lab.web1.freeze()  # on a busy machine the last would begin after the first had its answer

    def ask(_: int) -> str:
        all_there.wait(30)
        return fails(lambda: driver.run(("true",))).code

    with opened(lab.web1) as driver, ThreadPoolExecutor(20) as pool:
        codes = pool.map(ask, range(20))
        all_there.wait(30)
        lab.web1.thaw()
    assert set(codes) == {"login_refused"}
    assert lab.web1.auth_attempts() - before < 10


def test_a_connection_that_died_is_made_again(lab: Lab, web1: SshHost) -> None:
    web1.run(("true",))
    lab.web1.end_sessions()
    assert web1.run(("true",)).exit_code == 0


def test_a_connection_that_breaks_during_a_command(lab: Lab, web1: SshHost) -> None:
    with ThreadPoolExecutor(1) as pool:
        broken = pool.submit(web1.run, ("sleep", "305"), timeout_s=320)
        wait_until(lambda: bool(running(lab.web1, "sleep 305")), what="the command runs")
        lab.web1.end_sessions()
        assert fails(broken.result).code == "link_lost"
    assert web1.run(("true",)).exit_code == 0


def test_a_frozen_server_is_found_and_left(lab: Lab, web1: SshHost) -> None:
    web1.run(("true",))
    lab.web1.freeze()
    started = time.monotonic()
    assert fails(lambda: web1.run(("true",), timeout_s=1)).code == "link_lost"
    assert time.monotonic() - started < 3
    lab.web1.thaw()
    assert web1.run(("true",)).exit_code == 0


def test_a_server_that_freezes_during_a_command(lab: Lab, web1: SshHost) -> None:
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(web1.run, ("sleep", "1"), timeout_s=3)
        wait_until(lambda: bool(running(lab.web1, "sleep 1")), what="the command runs")
        lab.web1.freeze()
        assert fails(hanging.result).code == "timeout"
    lab.web1.thaw()
    wait_until(lambda: web1.calls.slots.taken == 0, what="it was cleaned up", timeout_s=20)
    assert web1.run(("true",)).exit_code == 0


def test_a_black_hole(lab: Lab) -> None:
    with opened(lab.web1, connect_timeout_s=1) as driver:
        driver.run(("true",))
        lab.web1.black_hole()
        started = time.monotonic()
        assert fails(lambda: driver.run(("true",))).code == "unreachable"
        assert fails(lambda: driver.run(("true",))).code == "unreachable"
        assert time.monotonic() - started < 6
        lab.web1.heal()
        assert driver.run(("true",)).exit_code == 0


def test_a_cut_link(lab: Lab, web1: SshHost) -> None:
    web1.run(("true",))
    lab.web1.cut()
    assert fails(lambda: web1.run(("true",))).code == "refused"
    lab.web1.heal()
    assert web1.run(("true",)).exit_code == 0


def test_nobody_logs_in_at_an_impostor(lab: Lab) -> None:
    before = lab.impostor.auth_attempts(), lab.impostor.connections()
    key = lab.web1.host_public_key
    with opened(lab.impostor, host_key=key) as driver:
        calls: list[Callable[[], object]] = [
            lambda: driver.run(("true",)),
            driver.docker.ping,
            lambda: driver.docker.events(since=1, timeout_s=1),
            lambda: driver.write_file("/tmp/x", b"secret"),
            driver.connect,
        ]
        assert {fails(call).code for call in calls} == {"host_key_changed"}
    with opened(lab.impostor, host_key="") as driver:
        assert fails(lambda: driver.run(("true",))).code == "host_key_unknown"
    assert key_of(target_of(lab.impostor, host_key=key)) == lab.impostor.host_public_key
    assert lab.impostor.connections() > before[1]
    assert lab.impostor.auth_attempts() == before[0]


def test_a_changed_key_stops_a_host_that_was_in_use(lab: Lab, web1: SshHost) -> None:
    web1.run(("true",))
    lab.web1.replace_host_key()
    lab.web1.end_sessions()
    before = lab.web1.auth_attempts()
    error = fails(lambda: web1.run(("true",)))
    assert error.code == "host_key_changed"
    assert lab.web1.fingerprint in error.message
    assert lab.web1.auth_attempts() == before


def test_files(lab: Lab, web1: SshHost) -> None:
    data = os.urandom(300_000)
    for mode in (0o600, 0o644):
        web1.write_file("/srv/ü $(x) file", data, mode=mode)
        assert web1.read_file("/srv/ü $(x) file") == data
        assert lab.web1.path("/srv/ü $(x) file").stat().st_mode & 0o777 == mode
    assert fails(lambda: web1.read_file("/srv/ü $(x) file", max_bytes=99)).code == (
        "output_too_large"
    )
    assert fails(lambda: web1.write_file("/nowhere/x", b"")).code == "not_found"
    assert fails(lambda: web1.read_file("/srv/none")).code == "not_found"
    assert fails(lambda: web1.read_file("relative")).code == "bad_argument"
    lab.web1.path("/srv/ü $(x) file").unlink()


def test_a_full_disk_leaves_the_old_file(lab: Lab, web1: SshHost) -> None:
    lab.web1.fill_disk("/srv")
    assert fails(lambda: web1.write_file("/srv/new", b"x" * 100_000)).code == "disk_full"
    assert [path.name for path in lab.web1.path("/srv").iterdir()] == ["full"]


def test_files_one_may_not_touch(lab: Lab) -> None:
    with opened(lab.web2, user="guest") as driver:
        assert fails(lambda: driver.read_file("/etc/shadow")).code == "permission_denied"
        assert fails(lambda: driver.write_file("/etc/x", b"")).code == "permission_denied"


def test_files_without_sftp(lab: Lab) -> None:
    lab.web1.configure_sshd(Subsystem="other /bin/false")
    with opened(lab.web1) as driver:
        assert fails(lambda: driver.read_file("/etc/passwd")).code == "command_failed"


def test_resting_and_closing(lab: Lab, web1: SshHost) -> None:
    web1.run(("true",))
    web1.docker.ping()
    web1.close_idle(after_s=60)
    before = lab.web1.connections()
    web1.run(("true",))
    assert lab.web1.connections() == before
    web1.close_idle(after_s=-1)
    wait_gone(lab.web1, "dial-stdio")
    web1.run(("true",))
    assert lab.web1.connections() == before + 1
    web1.close()
    assert fails(lambda: web1.run(("true",))).code == "link_lost"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_connects_by_itself(lab: Lab, web1: SshHost) -> None:
    web1.run(("true",))
    web1.docker.containers()
    before = lab.web1.connections()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = web1.run(("true",)).exit_code or (0 if web1.docker.containers() else 2)
            web1.close()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert lab.web1.connections() == before + 1
    assert web1.run(("true",)).exit_code == 0
    assert web1.docker.containers()
    assert lab.web1.connections() == before + 1
