"""Who gets in on which host, with what, and what they may do there; with the openssh client."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.lab import Host, Lab

pytestmark = pytest.mark.lab

ACCOUNTS = [
    ("web1", "root"),
    ("web2", "deploy"),
    ("web2", "ops"),
    ("web2", "guest"),
    ("web2", "steward"),
    ("bare", "root"),
    ("impostor", "root"),
    ("nas", "backup"),
]


@pytest.mark.parametrize(("name", "user"), ACCOUNTS)
def test_every_account_logs_in_with_its_own_key(lab: Lab, name: str, user: str) -> None:
    answer = lab.hosts[name].ssh("whoami; hostname", user=user)
    assert answer.stdout.split() == [user, name], answer.stderr


def test_these_are_all_accounts(lab: Lab) -> None:
    assert [(host.name, user) for host in lab.hosts.values() for user in host.logins] == ACCOUNTS


def test_another_accounts_key_is_refused(lab: Lab) -> None:
    key = str(lab.web1.private_key_file)
    argv = [key if word == str(lab.bare.private_key_file) else word for word in lab.bare.ssh_argv()]
    refused = subprocess.run([*argv, "true"], capture_output=True, text=True)
    assert refused.returncode == 255
    assert "Permission denied" in refused.stderr


def test_no_host_accepts_a_wrong_host_key(lab: Lab) -> None:
    known = f"{lab.impostor.address} {lab.web1.host_public_key}\n"
    before = lab.impostor.auth_attempts()
    answer = _ssh_knowing(lab.impostor, known)
    assert "Host key verification failed" in answer.stderr
    assert lab.impostor.auth_attempts() == before


def test_the_impostor_counts_attempts(lab: Lab) -> None:
    before = lab.impostor.auth_attempts()
    assert lab.impostor.ssh("true").returncode == 0
    # The openssh client asks by "none", offers its key, then signs with it.
    assert lab.impostor.auth_attempts() == before + 3


def test_connections_are_counted(lab: Lab) -> None:
    before = lab.bare.connections()
    assert lab.bare.ssh("true").returncode == 0
    assert lab.bare.connections() == before + 1


def test_only_one_account_has_a_password(lab: Lab, tmp_path: Path) -> None:
    assert lab.web2.password_user == "ops"
    assert lab.web2.password
    assert _ssh_with_password(lab.web2, "ops", lab.web2.password, tmp_path).returncode == 0
    assert _ssh_with_password(lab.web2, "ops", "wrong", tmp_path).returncode == 255
    assert _ssh_with_password(lab.web2, "guest", lab.web2.password, tmp_path).returncode == 255


def test_the_inner_address_is_reached_only_through_another_host(lab: Lab) -> None:
    with pytest.raises(OSError, match="No route to host"):
        socket.create_connection((lab.web2.inner_address, lab.web2.port), timeout=5)
    assert lab.web2.ssh("hostname", jump=lab.web1).stdout == "web2\n"


def test_deploy_needs_sudo_for_docker_and_may_use_it(lab: Lab) -> None:
    assert "permission denied" in lab.web2.ssh("docker ps", user="deploy").stderr
    assert "shop-web-1" in lab.web2.ssh("sudo -n docker ps", user="deploy").stdout
    assert "password is required" in lab.web2.ssh("sudo -n id", user="deploy").stderr


def test_ops_reaches_the_socket_by_its_group(lab: Lab) -> None:
    assert "shop-web-1" in lab.web2.ssh("docker ps", user="ops").stdout


def test_steward_may_run_shell_scripts_as_root(lab: Lab) -> None:
    assert lab.web2.ssh("sudo -n /bin/sh -c 'id -un'", user="steward").stdout == "root\n"
    assert lab.web2.ssh("sudo -n /bin/sh -c 'id -un'", user="deploy").stdout == ""


def test_guest_reaches_docker_in_no_way(lab: Lab) -> None:
    assert "permission denied" in lab.web2.ssh("docker ps", user="guest").stderr
    assert "password is required" in lab.web2.ssh("sudo -n docker ps", user="guest").stderr


@pytest.mark.parametrize("name", ["bare", "nas", "impostor"])
def test_hosts_without_docker_do_not_have_the_command(lab: Lab, name: str) -> None:
    answer = lab.hosts[name].ssh("docker ps")
    assert (answer.returncode, "not found" in answer.stderr) == (127, True)


def test_a_host_sees_nothing_of_the_machines_own_accounts(lab: Lab) -> None:
    users = lab.web2.run("cut", "-d:", "-f1", "/etc/passwd").stdout.split()
    assert users == ["root", "deploy", "ops", "guest", "steward", "daemon", "sshd", "nobody"]
    assert "deploy:" not in Path("/etc/passwd").read_text()


def test_fingerprint_and_key_are_what_sshd_offers(lab: Lab) -> None:
    offered = subprocess.run(
        ["ssh-keyscan", "-t", "ed25519", lab.web1.address], capture_output=True, text=True
    )
    assert offered.stdout.split(maxsplit=1)[1].strip() == lab.web1.host_public_key
    assert lab.web1.fingerprint.startswith("SHA256:")


def _ssh_knowing(host: Host, known_hosts: str) -> subprocess.CompletedProcess[str]:
    own = host.tree / "known_hosts_of_test"
    own.write_text(known_hosts)
    argv = [word.replace(str(host.known_hosts_file), str(own)) for word in host.ssh_argv()]
    return subprocess.run([*argv, "true"], capture_output=True, text=True)


def _ssh_with_password(
    host: Host, user: str, password: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    askpass = folder / "askpass"
    askpass.write_text('#!/bin/sh\necho "$LAB_PASSWORD"\n')
    askpass.chmod(0o700)
    ask = {"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force", "LAB_PASSWORD": password}
    options = ["BatchMode=no", "PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"]
    flags = [word for option in options for word in ("-o", option)]
    # The first value of an option counts, so these go before the usual ones.
    argv = ["ssh", *flags, *host.ssh_argv(user=user)[1:], "true"]
    return subprocess.run(argv, env={**os.environ, **ask}, capture_output=True, text=True)
