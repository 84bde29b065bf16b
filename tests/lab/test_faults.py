"""Every fault does what it says, to one host only, and can be taken back."""

import http.client
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.lab import Host, Lab
from tests.lab.command import wait_until

pytestmark = pytest.mark.lab


@pytest.fixture
def session(lab: Lab) -> Iterator[subprocess.Popen[str]]:
    """An SSH session on web1 that is up and says nothing more."""
    argv = [*lab.web1.ssh_argv(), "echo up; exec cat"]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=nowhere, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        wait_until(lambda: "cat" in _commands(lab.web1), what="cat runs")
        yield running
        running.kill()


def test_a_black_hole_swallows_everything_and_the_others_answer(lab: Lab) -> None:
    lab.web1.black_hole()
    assert "timed out" in _answer(lab.web1)
    assert _answer(lab.web2) == "here"
    lab.web1.heal()
    assert _answer(lab.web1) == "here"


def test_a_black_hole_does_not_end_a_session(lab: Lab, session: subprocess.Popen[str]) -> None:
    lab.web1.black_hole()
    with pytest.raises(subprocess.TimeoutExpired):
        session.wait(timeout=1)
    lab.web1.heal()
    with pytest.raises(subprocess.TimeoutExpired):
        session.wait(timeout=0.2)


def test_a_black_hole_takes_published_ports_too(lab: Lab) -> None:
    wait_until(lambda: _get(lab.web1) == "shop\n", what="the shop answers", timeout_s=20)
    lab.web1.black_hole()
    assert _get(lab.web1) == "TimeoutError"


def test_a_cut_ends_sessions_and_refuses_new_ones(lab: Lab, session: subprocess.Popen[str]) -> None:
    lab.web1.cut()
    assert session.wait(timeout=5) == 255
    assert "Connection refused" in _answer(lab.web1)
    assert _answer(lab.web2) == "here"
    lab.web1.heal()
    assert _answer(lab.web1) == "here"


def test_one_fault_replaces_the_other(lab: Lab) -> None:
    lab.web1.black_hole()
    lab.web1.cut()
    assert "Connection refused" in _answer(lab.web1)


def test_a_frozen_host_takes_connections_and_says_nothing(
    lab: Lab, session: subprocess.Popen[str]
) -> None:
    lab.web1.freeze()
    assert "timed out during banner exchange" in _answer(lab.web1)
    assert session.poll() is None
    lab.web1.thaw()
    assert _answer(lab.web1) == "here"
    assert session.poll() is None


def test_freezing_reaches_what_runs_in_a_session(lab: Lab, session: subprocess.Popen[str]) -> None:
    del session
    lab.web1.freeze()
    states = lab.web1.run("ps", "-C", "sshd,cat", "-o", "stat=,args=").stdout.splitlines()
    assert [line.split()[-1] for line in states].count("cat") == 1
    assert all(line.startswith("T") for line in states), states


def test_a_new_host_key_is_noticed_and_the_first_one_comes_back(lab: Lab) -> None:
    known, first = lab.web1.known_hosts_file.read_text(), lab.web1.fingerprint
    lab.web1.replace_host_key()
    assert lab.web1.fingerprint != first
    assert _answer(lab.web1) == "here"
    lab.web1.replace_host_key()
    lab.web1.reset()
    assert (lab.web1.fingerprint, lab.web1.known_hosts_file.read_text()) == (first, known)


def test_sessions_survive_a_restart_of_sshd_but_not_their_end(
    lab: Lab, session: subprocess.Popen[str]
) -> None:
    lab.web1.restart_sshd()
    assert _answer(lab.web1) == "here"
    assert session.poll() is None
    lab.web1.end_sessions()
    assert session.wait(timeout=5) == 255
    assert _answer(lab.web1) == "here"


def test_options_of_sshd_hold_until_the_reset(lab: Lab) -> None:
    lab.web1.configure_sshd(MaxSessions=4)
    assert "maxsessions 4" in lab.web1.run("/usr/sbin/sshd", "-T").stdout
    lab.web1.reset()
    assert "maxsessions 10" in lab.web1.run("/usr/sbin/sshd", "-T").stdout


def test_a_stopped_engine_does_not_answer_and_comes_back(lab: Lab) -> None:
    lab.web1.stop_dockerd()
    assert "Cannot connect to the Docker daemon" in lab.web1.ssh("docker ps").stderr
    assert "shop-web-1" in lab.web2.ssh("docker ps", user="ops").stdout
    lab.web1.reset()
    _wait_running(lab.web1)


def test_containers_outlive_a_killed_engine_until_it_starts_again(lab: Lab) -> None:
    _wait_running(lab.web1)
    lab.web1.kill_dockerd()
    assert not lab.web1.docker_answers()
    assert "httpd" in lab.web1.run("ps", "-A", "-o", "args").stdout
    lab.web1.start_dockerd()
    _wait_running(lab.web1)


def test_a_restarted_engine_brings_its_containers_back(lab: Lab) -> None:
    first = lab.web1.dockerd_process()
    lab.web1.restart_dockerd()
    assert first is not None
    assert not first.alive()
    _wait_running(lab.web1)


def test_a_frozen_engine_takes_connections_and_says_nothing(lab: Lab) -> None:
    lab.web1.freeze_dockerd()
    assert not lab.web1.docker_answers()
    assert lab.web1.ssh("timeout 1 docker ps").returncode == 124
    lab.web1.reset()
    assert lab.web1.docker_answers()


def test_a_full_disk_takes_no_byte_and_is_emptied(lab: Lab) -> None:
    lab.web1.fill_disk()
    lab.web1.fill_disk("/opt")
    for folder in ("/srv", "/opt"):
        assert "No space left" in lab.web1.ssh(f"echo more >{folder}/file").stderr
    lab.web1.reset()
    assert lab.web1.ssh("echo more >/srv/file && ls /srv && rm /srv/file").stdout == "file\nshop\n"


def test_healing_the_lab_takes_back_all_at_once(lab: Lab) -> None:
    lab.web1.freeze()
    lab.web1.cut()
    lab.web2.black_hole()
    lab.bare.stop_sshd()
    began = time.monotonic()
    lab.heal()
    assert time.monotonic() - began < 10
    assert [_answer(host) for host in (lab.web1, lab.web2, lab.bare)] == ["here"] * 3


def _commands(host: Host) -> list[str]:
    return host.run("ps", "-e", "-o", "comm=").stdout.split()


def _answer(host: Host) -> str:
    """What a new SSH connection gives: "here", or ssh's own words about the failure."""
    argv = ["ssh", "-o", "ConnectTimeout=1", *host.ssh_argv()[1:], "echo here"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20)
    return (done.stdout or done.stderr).strip()


def _get(host: Host) -> str:
    """What the shop on `host` answers: its page, or the error's name."""
    connection = http.client.HTTPConnection(host.address, 8080, timeout=1)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


def _wait_running(host: Host) -> None:
    """Until the three containers that should run do."""
    wanted = {"shop-web-1", "shop-db-1", "legacy"}

    def running() -> bool:
        return wanted <= set(host.docker("ps", "--format", "{{.Names}}").split())

    wait_until(running, what=f"{host.name}: {wanted} run", timeout_s=30, pause_s=0.2)
