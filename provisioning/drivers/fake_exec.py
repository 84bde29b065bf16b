"""Processes in the containers of a host in memory, and terminals on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake_pipe import FakePipe
from provisioning.drivers.terminal import ExecState, Start, check_size

Program = Callable[[bytes], bytes]


class FakeTerminal(FakePipe):
    """Terminal whose other side is a function from what was typed to what is shown."""

    def __init__(self, program: Program, *, exec_id: str, start: Start) -> None:
        super().__init__()
        self.exec_id = exec_id
        self.start = start
        self.size = (start.cols, start.rows)
        self.typed = b""
        self.code: int | None = None
        self._program = program

    @property
    def running(self) -> bool:
        return self.code is None

    def send(self, data: bytes) -> None:
        self.typed += data
        self.show(self._program(data))

    def exit(self, code: int) -> None:
        """The process ends by itself."""
        with self._more:
            self.code = code
            self._more.notify_all()

    def _is_over(self) -> bool:
        return self.closed or self.code is not None

    def resize(self, *, cols: int, rows: int) -> None:
        check_size(cols=cols, rows=rows)
        self.size = (cols, rows)

    def exit_code(self) -> int | None:
        return self.code

    def end(self) -> bool:
        if not self.exec_id:
            self.exit(129)
        return self.code is not None


class FakeExecs:
    """``terminals`` are all that were opened; ``shell`` is what `find_shell` finds, if any."""

    _host: Any

    def _find(self, docker_id: str) -> Any:
        raise NotImplementedError

    def find_shell(self, docker_id: str) -> str:
        self._host.note("docker", "find_shell", docker_id)
        container = self._find(docker_id)
        if not self._host.shell:
            message = f"{self._host.name}: there is no shell in {container.name}"
            raise DriverError(message, "no_shell")
        return str(self._host.shell)

    def commands_host(self, docker_id: str) -> bool:
        return self._find(docker_id).name in self._host.mighty

    def exec_open(
        self, docker_id: str, start: Start, *, made: Callable[[str], object]
    ) -> FakeTerminal:
        self._host.note("docker", "exec_open", docker_id, *start.argv)
        self._find(docker_id)
        check_size(cols=start.cols, rows=start.rows)
        exec_id = f"{len(self._host.terminals) + 1:064x}"
        made(exec_id)
        terminal = FakeTerminal(self._host.screen, exec_id=exec_id, start=start)
        self._host.terminals.append(terminal)
        return terminal

    def exec_state(self, exec_id: str) -> ExecState:
        self._host.note("docker", "exec_state", exec_id)
        for terminal in self._host.terminals:
            if terminal.exec_id == exec_id:
                return ExecState(terminal.running, terminal.code, 4711 if terminal.running else 0)
        raise DriverError(f"{self._host.name}: no such process", "not_found")

    def exec_detached(self, docker_id: str, argv: Sequence[str], *, user: str) -> None:
        """Only signals are sent that way: all ends by KILL."""
        self._host.note("docker", "exec_detached", docker_id, *argv)
        mark = argv[5] if len(argv) > 5 else ""
        for terminal in self._host.terminals:
            if terminal.start.mark == mark and "KILL" in argv and terminal.running:
                terminal.exit(137)

    def run_beside(self, docker_id: str, image: str, argv: Sequence[str]) -> None:
        self._host.note("docker", "run_beside", docker_id, image, *argv)
