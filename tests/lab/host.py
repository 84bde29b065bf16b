"""A host of the lab, as the tests see it."""

import shlex
import subprocess
from pathlib import Path

from tests.lab.accounts import Login
from tests.lab.command import run
from tests.lab.disk import Disk
from tests.lab.engine import Engine
from tests.lab.faults import Link
from tests.lab.sshd import Sshd


class Host(Link, Disk, Sshd, Engine):
    @property
    def login(self) -> Login:
        """The account that the host is usually reached as; all are in `logins`, by user name."""
        return next(iter(self.logins.values()))

    @property
    def user(self) -> str:
        return self.login.user

    @property
    def private_key(self) -> str:
        return self.login.private_key

    @property
    def private_key_file(self) -> Path:
        return self.login.private_key_file

    @property
    def password(self) -> str | None:
        """The password of the account that has one; its user is `password_user`."""
        return next((login.password for login in self.logins.values() if login.password), None)

    @property
    def password_user(self) -> str | None:
        return next((login.user for login in self.logins.values() if login.password), None)

    @property
    def known_hosts_file(self) -> Path:
        """For the openssh client: the host's true key under each of its addresses, as of now."""
        file = self.tree / "known_hosts"
        file.write_text(f"{self.address},{self.inner_address} {self.host_public_key}\n")
        return file

    def ssh_argv(self, *, user: str | None = None, jump: "Host | None" = None) -> list[str]:
        """The openssh client's command line up to the remote command; host keys are checked.

        With `jump` the connection goes through that host to the inner address of this one.
        """
        login = self.logins[user] if user else self.login
        options = ["BatchMode=yes", "ConnectTimeout=5", "StrictHostKeyChecking=yes"]
        options += [f"UserKnownHostsFile={self.known_hosts_file}", "IdentitiesOnly=yes"]
        if jump:
            options.append("ProxyCommand=" + shlex.join([*jump.ssh_argv(), "-W", "[%h]:%p"]))
        flags = [word for option in options for word in ("-o", option)]
        key = ["-i", str(login.private_key_file), "-p", str(self.port)]
        target = self.inner_address if jump else self.address
        return ["ssh", "-F", "none", *flags, *key, f"{login.user}@{target}"]

    def ssh(
        self, *argv: str, user: str | None = None, jump: "Host | None" = None, timeout_s: float = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run a command over SSH with the openssh client; does not raise on its exit code."""
        command = [*self.ssh_argv(user=user, jump=jump), "--", *argv]
        return run(command, check=False, timeout_s=timeout_s)

    def reset(self) -> None:
        """Take back every fault: link, disk, host key, sshd's options, ended daemons."""
        self.thaw()
        self.heal()
        self.empty_disk()
        self.restore_host_key()
        self.restore_sshd()
        self.thaw_dockerd()
        if self.has_docker and not self.docker_answers():
            self.restart_dockerd()
