"""The Docker Engine of a lab host: started, stopped, killed; and its command line."""

import signal
import socket as sockets
from pathlib import Path

from tests.lab.command import LabError, wait_until
from tests.lab.machine import Machine
from tests.lab.process import Process

SOCKET = "/var/run/docker.sock"
PID_FILE = "/run/docker.pid"
LOG = "/var/log/dockerd.log"


class Engine(Machine):
    docker_socket = SOCKET

    @property
    def docker_socket_outside(self) -> Path:
        """The same socket for processes outside the host, as for a host reached without SSH."""
        return self.path("/run/docker.sock")

    def docker(self, *args: str, stdin: str = "", timeout_s: float = 120.0) -> str:
        """Standard output of the docker command line, run on the host as root."""
        return self.run("docker", *args, stdin=stdin, timeout_s=timeout_s).stdout

    def dockerd_process(self) -> Process | None:
        return self.daemon(PID_FILE)

    def start_dockerd(self, *, timeout_s: float = 60.0) -> None:
        """Start the Engine and return when it answers."""
        cgroups = ("--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent={self.cgroup}")
        started = self.start_daemon("/usr/sbin/dockerd", *cgroups, log=LOG)
        wait_until(
            lambda: self.docker_answers() or not started.alive(),
            what=f"{self.name}: dockerd answers",
            timeout_s=timeout_s,
            pause_s=0.1,
        )
        if not started.alive():
            raise LabError(f"{self.name}: dockerd ended: {self.read_text(LOG)[-1000:]}")

    def docker_answers(self) -> bool:
        socket = self.path("/run/docker.sock")
        return socket.exists() and ping(socket)

    def stop_dockerd(self, *, timeout_s: float = 60.0) -> None:
        """Stop the Engine as its service does: containers are stopped first."""
        self._end_dockerd(signal.SIGTERM, timeout_s)

    def kill_dockerd(self) -> None:
        """Kill the Engine (SIGKILL); its containers run on until it starts again and ends them.

        Then those with the restart policy `always` come back. Docker 20.10 takes the end as one by
        hand, so `unless-stopped` stays down."""
        self._end_dockerd(signal.SIGKILL, 20.0)

    def restart_dockerd(self) -> None:
        """Stop and start; containers with a restart policy come back."""
        self.stop_dockerd()
        self.start_dockerd()

    def freeze_dockerd(self) -> None:
        """Let the Engine stand still: it takes connections and answers nothing."""
        if process := self.dockerd_process():
            process.stop()

    def thaw_dockerd(self) -> None:
        if process := self.dockerd_process():
            process.signal(signal.SIGCONT)

    def _end_dockerd(self, signum: signal.Signals, timeout_s: float) -> None:
        if process := self.dockerd_process():
            below = process.children()
            process.signal(signum)
            process.wait_end(timeout_s=timeout_s)
            for child in below:  # its containerd, which holds locks that the next one needs
                child.wait_end(timeout_s=timeout_s)
        self.path("/run/docker.sock").unlink(missing_ok=True)
        self.path("/run/docker.pid").unlink(missing_ok=True)


def ping(socket: Path) -> bool:
    """True if an Engine answers on `socket` (Docker API: GET /_ping)."""
    with sockets.socket(sockets.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(socket))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
        except OSError:
            return False
