"""Ways in to a real sshd: passwords, keys, sudo, jump hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning.drivers.keys import read_private_key
from provisioning.drivers.ssh import SshHost
from provisioning.drivers.target import Login
from tests.lab.command import wait_until
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened, target_of
from tests.provisioning.drivers.test_ssh import fails, web1

__all__ = ["web1"]
pytestmark = pytest.mark.lab


def test_a_password(lab: Lab) -> None:
    user, password = lab.web2.password_user or "", lab.web2.password or ""
    with opened(lab.web2, user=user, login=Login("password", password)) as driver:
        assert driver.run(("id", "-un")).stdout == f"{user}\n"
    with opened(lab.web2, user=user, login=Login("password", "not-" + password)) as driver:
        error = fails(lambda: driver.run(("true",)))
        assert error.code == "login_refused"
        assert password not in error.message


def test_a_key_that_was_not_installed(lab: Lab) -> None:
    other = Login("key", lab.web2.login.private_key)
    with opened(lab.web1, login=other) as driver:
        assert fails(lambda: driver.run(("true",))).code == "login_refused"


def test_an_imported_key_logs_in(lab: Lab) -> None:
    pair = read_private_key(lab.web1.private_key)
    with opened(lab.web1, login=Login("key", pair.private_text)) as driver:
        assert driver.run(("true",)).exit_code == 0


def test_only_old_algorithms(lab: Lab) -> None:
    lab.web1.configure_sshd(KexAlgorithms="diffie-hellman-group14-sha1")
    with opened(lab.web1) as driver:
        assert fails(lambda: driver.run(("true",))).code == "incompatible"


@pytest.fixture
def nologin(lab: Lab) -> Iterator[Host]:
    """web2, where guest has no login shell for now."""
    before = lab.web2.read_text("/etc/passwd")
    lines = [
        line.rpartition(":")[0] + ":/usr/sbin/nologin" if line.startswith("guest:") else line
        for line in before.splitlines()
    ]
    lab.web2.write_text("/etc/passwd", "\n".join(lines) + "\n")
    yield lab.web2
    lab.web2.write_text("/etc/passwd", before)


def test_a_user_without_a_shell(nologin: Host) -> None:
    with opened(nologin, user="guest") as driver:
        error = fails(lambda: driver.run(("true",)))
        assert error.code == "no_shell"
        assert "not available" in error.message
        assert fails(driver.docker.ping).code == "no_shell"


def test_a_server_without_sessions(lab: Lab) -> None:
    lab.web1.configure_sshd(MaxSessions=0)
    with opened(lab.web1) as driver:
        assert fails(lambda: driver.run(("true",))).code == "no_shell"


def test_a_talkative_login_shell(lab: Lab, web1: SshHost) -> None:
    lab.web1.write_text("/root/.bashrc", "echo Welcome to web1; echo careful >&2\n")
    try:
        assert web1.run(("echo", "hello")).stdout == "hello\n"
        assert web1.docker.containers()
    finally:
        lab.web1.path("/root/.bashrc").unlink()


def test_sudo(lab: Lab) -> None:
    with opened(lab.web2, user="deploy") as driver:
        assert driver.run(("docker", "--version"), sudo=True).exit_code == 0
        assert fails(lambda: driver.run(("id", "-u"), sudo=True)).code == "sudo_refused"
    with opened(lab.web2, user="guest") as driver:
        assert fails(lambda: driver.run(("docker", "--version"), sudo=True)).code == "sudo_refused"


def test_root_needs_no_sudo(web1: SshHost) -> None:
    assert web1.run(("id", "-u"), sudo=True).stdout == "0\n"


def test_through_a_jump_host(lab: Lab) -> None:
    jump = target_of(lab.bare)
    with opened(lab.web1, address=lab.web1.inner_address, via=jump) as driver:
        assert driver.run(("hostname",)).stdout == "web1\n"
        assert driver.docker.containers()
        lab.bare.end_sessions()
        assert driver.run(("hostname",)).stdout == "web1\n"


def test_a_jump_host_does_not_rest_while_others_are_behind_it(lab: Lab) -> None:
    with opened(lab.bare) as jump:
        driver = SshHost(target_of(lab.web1, address=lab.web1.inner_address), via=jump.calls)
        driver.run(("true",))
        before = lab.bare.connections(), lab.web1.connections()
        jump.close_idle(after_s=-1)
        driver.run(("true",))
        assert (lab.bare.connections(), lab.web1.connections()) == before
        driver.close()
        wait_until(lambda: jump.calls._link is None or not jump.calls._link.lanes_open(), what="-")
        jump.close_idle(after_s=-1)
        assert jump.calls._link is None


def test_what_is_wrong_with_a_jump(lab: Lab) -> None:
    inner, jump = lab.web1.inner_address, target_of(lab.bare)
    with opened(lab.web1, address=inner, port=2, via=jump) as driver:
        error = fails(lambda: driver.run(("true",)))
        assert error.code == "refused"
        assert error.message.startswith("web1: not reached from bare")
    with opened(lab.web1, address=inner, via=target_of(lab.bare, port=2)) as driver:
        error = fails(lambda: driver.run(("true",)))
        assert (error.code, "by way of bare" in error.message) == ("refused", True)
    lab.bare.configure_sshd(AllowTcpForwarding="no")
    with opened(lab.web1, address=inner, via=jump) as driver:
        assert fails(lambda: driver.run(("true",))).code == "forward_refused"


def test_an_unreachable_host_does_not_cost_the_jump_host_its_connection(lab: Lab) -> None:
    with opened(lab.bare) as jump:
        jump.run(("true",))
        before = lab.bare.connections()
        lab.web1.black_hole()
        way = target_of(lab.web1, address=lab.web1.inner_address, connect_timeout_s=1)
        jump.calls.target = target_of(lab.bare, connect_timeout_s=1)
        lost = SshHost(way, via=jump.calls)
        assert fails(lambda: lost.run(("true",))).code == "unreachable"
        assert jump.run(("true",)).exit_code == 0
        lab.web1.heal()
        assert lost.run(("true",)).exit_code == 0
        assert lab.bare.connections() == before
        lost.close()


def test_the_jump_host_is_pinned_too(lab: Lab) -> None:
    before = lab.impostor.auth_attempts()
    jump = target_of(lab.impostor, host_key=lab.bare.host_public_key)
    with opened(lab.web1, address=lab.web1.inner_address, via=jump) as driver:
        error = fails(lambda: driver.run(("true",)))
        assert error.code == "unreachable"  # its own key is not the one that changed
        assert "by way of impostor" in error.message
        assert "host key has changed" in error.message
    assert lab.impostor.auth_attempts() == before
