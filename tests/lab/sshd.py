"""The sshd of a lab host: its configuration, its host key, its log, its standstill."""

import re
import signal

from tests.lab.accounts import make_key
from tests.lab.command import run, wait_until
from tests.lab.machine import Machine
from tests.lab.process import Process

CONFIG = "/etc/ssh/sshd_config"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
FIRST_HOST_KEY = "/etc/ssh/first_host_key"
PID_FILE = "/run/sshd.pid"
LOG = "/var/log/sshd.log"
DEFAULTS: dict[str, str | int] = {
    "Port": 22,
    "HostKey": HOST_KEY,
    "PidFile": PID_FILE,
    # DEBUG1 is VERBOSE and also the requests for user authentication, which the tests count.
    "LogLevel": "DEBUG1",
    "UsePAM": "no",
    "StrictModes": "no",
    "PermitRootLogin": "prohibit-password",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PrintMotd": "no",
    "MaxSessions": 10,
    "Subsystem": "sftp /usr/lib/openssh/sftp-server",
}


class Sshd(Machine):
    def configure_sshd(self, **options: str | int) -> None:
        """Set options of sshd_config(5), as `MaxSessions=4`, over the lab's own, from now on.

        Options of an earlier call are forgotten; connections that exist keep what they had.
        """
        self.write_text(CONFIG, self._config(options), mode=0o600)
        self.restart_sshd()

    def restore_sshd(self) -> None:
        """Back to the lab's own options, and listening; nothing to do if both are so."""
        if self.read_text(CONFIG) != self._config({}):
            self.configure_sshd()
        elif self.sshd_process() is None:
            self.start_sshd()

    def _config(self, options: dict[str, str | int]) -> str:
        known = {**DEFAULTS, **self.sshd_defaults, **options}
        return "".join(f"{key} {value}\n" for key, value in known.items())

    @property
    def sshd_defaults(self) -> dict[str, str | int]:
        if any(login.password for login in self.logins.values()):
            return {"PasswordAuthentication": "yes"}
        return {}

    def sshd_process(self) -> Process | None:
        """The sshd that listens; its sessions are further processes."""
        return self.daemon(PID_FILE)

    def start_sshd(self) -> None:
        self.path(PID_FILE).unlink(missing_ok=True)
        started = self.start_daemon("/usr/sbin/sshd", "-D", "-E", LOG, "-f", CONFIG, log=LOG)
        # sshd writes its pid file only after it listens.
        wait_until(
            lambda: self.sshd_process() is not None or not started.alive(),
            what=f"{self.name}: sshd listens",
        )
        assert started.alive(), f"{self.name}: sshd ended: {self.sshd_log[-1000:]}"

    def stop_sshd(self) -> None:
        """Stop listening; sessions that exist go on, as with Debian's ssh.service."""
        if process := self.sshd_process():
            process.signal(signal.SIGTERM)
            process.wait_end()

    def restart_sshd(self) -> None:
        self.stop_sshd()
        self.start_sshd()

    def end_sessions(self) -> None:
        """End every SSH connection that exists now; new ones are taken as before."""
        listener = self.sshd_process()
        sessions = [p for p in self.processes() if p.command_name() == "sshd" and p != listener]
        for process in sessions:
            process.signal(signal.SIGKILL)
        for process in sessions:
            process.wait_end()

    def make_host_key(self) -> None:
        key = make_key(self.path(HOST_KEY), comment=self.name)
        key.chmod(0o600)

    def replace_host_key(self) -> None:
        """Give the host another key, as after a reinstallation; see restore_host_key."""
        if not self.path(FIRST_HOST_KEY).exists():
            self._copy_host_key(HOST_KEY, FIRST_HOST_KEY)
        self.make_host_key()
        self.restart_sshd()

    def restore_host_key(self) -> None:
        """Back to the key the host had at the lab's start; nothing to do if it still has it."""
        if self.path(FIRST_HOST_KEY).exists():
            self._copy_host_key(FIRST_HOST_KEY, HOST_KEY)
            self.path(FIRST_HOST_KEY).unlink()
            self.restart_sshd()

    def _copy_host_key(self, source: str, target: str) -> None:
        for end in ("", ".pub"):
            self.write_text(target + end, self.read_text(source + end), mode=0o600)

    @property
    def host_public_key(self) -> str:
        """As in known_hosts, without the comment: "ssh-ed25519 AAAA…"."""
        return " ".join(self.read_text(HOST_KEY + ".pub").split()[:2])

    @property
    def fingerprint(self) -> str:
        """As OpenSSH shows it: "SHA256:…"."""
        return run(["ssh-keygen", "-lf", "-"], stdin=self.host_public_key).stdout.split()[1]

    @property
    def sshd_log(self) -> str:
        """All that sshd logged since the lab's start (LogLevel DEBUG1)."""
        return self.read_text(LOG)

    def connections(self) -> int:
        """How many TCP connections sshd has taken since the lab's start."""
        return len(re.findall(r"^Connection from ", self.sshd_log, re.MULTILINE))

    def auth_attempts(self) -> int:
        """How many requests for user authentication (RFC 4252, 5) came since the lab's start.

        A client that asks with the method "none" which methods there are counts too.
        """
        return len(re.findall(r"userauth-request for user ", self.sshd_log))

    def freeze(self) -> None:
        """Let sshd and all that runs under its sessions stand still: connections stay, silent."""
        for process in self._sshd_tree():
            process.stop()

    def thaw(self) -> None:
        for process in self._sshd_tree():
            process.signal(signal.SIGCONT)

    def _sshd_tree(self) -> list[Process]:
        found = [p for p in self.processes() if p.command_name() == "sshd"]
        for process in found:  # grows while it is walked: children of children
            found.extend(child for child in process.children() if child not in found)
        return found
