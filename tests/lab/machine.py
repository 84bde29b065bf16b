"""A machine of the lab: a process tree in namespaces of its own, seen from outside."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.accounts import Login
from tests.lab.command import LabError, run
from tests.lab.process import Process, in_pid_namespace_of

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SSH_PORT = 22


@dataclass
class Machine:
    """`holder` is the `unshare` that keeps the namespaces; its child is the machine's process 1."""

    name: str
    address: str
    inner_address: str
    holder: Process
    init: Process
    tree: Path
    cgroup: str
    logins: dict[str, Login] = field(repr=False)
    has_docker: bool = False
    port: int = SSH_PORT

    @property
    def root(self) -> Path:
        """The machine's / as seen from outside. Do not follow absolute symlinks below it."""
        return Path(f"/proc/{self.init.pid}/root")

    def run(
        self, *argv: str, stdin: str = "", check: bool = True, timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run `argv` on the machine as its root. Raises LabError on failure (if `check`)."""
        return run([*self._enter(), *argv], stdin=stdin, check=check, timeout_s=timeout_s)

    def _enter(self) -> list[str]:
        enter = ["nsenter", f"--target={self.init.pid}", "--mount", "--net", "--uts", "--ipc"]
        clean = ["env", "-i", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8"]
        return [*enter, "--pid", "--root", "--wd", *clean]

    def start_daemon(self, *argv: str, log: str) -> Process:
        """Start `argv` so that the machine's process 1 becomes its parent; output goes to `log`."""
        script = 'log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 & echo $!'
        started = self.run("sh", "-c", script, "sh", log, *argv).stdout
        process = self.process(int(started))
        if process is None:
            raise LabError(f"{self.name}: {argv[0]} ended at once: {self.read_text(log)[-1000:]}")
        return process

    def process(self, inner_pid: int) -> Process | None:
        """The process that the machine itself knows as `inner_pid`."""
        return next((p for p in self.processes() if p.inner_pid() == inner_pid), None)

    def daemon(self, pid_file: str) -> Process | None:
        """The process named in `pid_file`; None if there is no such file or process."""
        try:
            return self.process(int(self.read_text(pid_file)))
        except (FileNotFoundError, ValueError):
            return None

    def processes(self) -> list[Process]:
        """Every process of the machine but those inside containers."""
        return in_pid_namespace_of(self.init.pid)

    def path(self, path: str) -> Path:
        """`path` of the machine as seen from outside."""
        return self.root / path.lstrip("/")

    def read_text(self, path: str) -> str:
        return self.path(path).read_text(errors="replace")

    def write_text(self, path: str, text: str, *, mode: int = 0o644) -> None:
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
