"""Processes that are started in a container beside its own: terminals. Part of `Dockerd`.

Docker Engine API 1.41, "Exec".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from provisioning.drivers.docker_calls import DockerCalls
from provisioning.drivers.docker_errors import translated
from provisioning.drivers.docker_transport import StaleStream
from provisioning.drivers.errors import DriverError
from provisioning.drivers.exec_frames import Unframed
from provisioning.drivers.hostile import printable
from provisioning.drivers.raw_http import RawStream
from provisioning.drivers.terminal import TERM, ExecState, Start, check_size

# Asked for in this order; only whether the file is there is looked at, so a container without any
# shell answers as well.
SHELLS: Final = (
    "/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/sh", "/usr/bin/sh",
    "/bin/ash", "/bin/dash", "/bin/zsh", "/busybox/sh", "/bin/ksh",
)  # fmt: skip
MARK: Final = "SITEFLOW_TERMINAL"
# Docker swallows these keys to detach. The default begins with Ctrl-P, which people type.
_NEVER_DETACH: Final = ",".join(["ctrl-^", "ctrl-_"] * 8)
_EXEC: Final = re.compile(r"[0-9a-f]{64}")
_NOT_STARTED: Final = (126, 127)
_START_S: Final = 10.0
_PAUSE_S: Final = 0.02
_RESIZE_TRIES: Final = 5


class DockerExec(DockerCalls):
    def find_shell(self, docker_id: str) -> str:
        """The path of the best shell in a container; DriverError ``no_shell`` if it has none."""
        name = self._checked(docker_id)
        with translated(self._who, f"looking for a shell in {name}"):
            api = self._api()
            for path in SHELLS:
                url = api._url("/containers/{0}/archive", name)
                found = api.head(url, params={"path": path}, timeout=self._timeout_s)
                if found.status_code == 200:
                    return path
                if found.status_code not in (400, 404):
                    api._raise_for_status(found)
        self.inspect(name)  # not found: it is the container that is missing
        raise DriverError(f"{self._who}: there is no shell in {name}", "no_shell")

    def commands_host(self, docker_id: str) -> bool:
        """Whether who commands a process in this container commands the host as well."""
        return _commands_host(self.inspect(docker_id))

    def exec_open(
        self, docker_id: str, start: Start, *, made: Callable[[str], object]
    ) -> ExecTerminal:
        """Starts it and returns when it runs. DriverError ``command_failed`` if it cannot be.

        ``made`` is told its id before it is started, so that nothing runs of which nobody knows.
        """
        check_size(cols=start.cols, rows=start.rows)
        exec_id = self._made(docker_id, start)
        made(exec_id)
        body = {"Detach": False, "Tty": start.tty}
        stream = self._raw(
            f"starting a process in {docker_id}", "POST", f"/exec/{exec_id}/start",
            body=body, upgrade=True,
        )  # fmt: skip
        terminal = ExecTerminal(self, stream, exec_id=exec_id, tty=start.tty)
        try:
            self._until_started(terminal, start)
        except BaseException:
            terminal.close()
            raise
        return terminal

    def _made(self, docker_id: str, start: Start) -> str:
        try:
            return self._made_once(docker_id, start)
        except StaleStream:  # one that is made and never started is nothing
            return self._made_once(docker_id, start)

    def _made_once(self, docker_id: str, start: Start) -> str:
        name = self._checked(docker_id)
        environment = {MARK: start.mark, **({"TERM": TERM} if start.tty else {})}
        with translated(self._who, f"starting a process in {name}"):
            made = self._api().exec_create(
                name, list(start.argv), stdin=True, tty=start.tty, user=start.user,
                workdir=start.workdir or None, environment=environment,
                detach_keys=_NEVER_DETACH,
            )  # fmt: skip
            return self._checked_exec(made["Id"])

    def _until_started(self, terminal: ExecTerminal, start: Start) -> None:
        """Docker answers before it has tried; why it could not start it comes as output."""
        deadline = time.monotonic() + _START_S
        # Docker calls it running before it has a number.
        while not ((state := self.exec_state(terminal.exec_id)).running and state.pid):
            if state.exit_code in _NOT_STARTED:
                said = printable(terminal.all_said(), limit=300)
                raise DriverError(f"{self._who}: it cannot be started: {said}", "command_failed")
            if state.exit_code is not None:
                return  # it has ended already
            if time.monotonic() > deadline:
                raise DriverError(f"{self._who}: the process does not start", "timeout")
            time.sleep(_PAUSE_S)  # a start has no wait of its own
        if start.tty:
            self.exec_resize(terminal.exec_id, cols=start.cols, rows=start.rows)

    def exec_resize(self, exec_id: str, *, cols: int, rows: int) -> None:
        check_size(cols=cols, rows=rows)
        checked = self._checked_exec(exec_id)
        for left in reversed(range(_RESIZE_TRIES)):
            try:
                with translated(self._who, "resizing a terminal"):
                    return self._api().exec_resize(checked, height=rows, width=cols)  # type: ignore[no-any-return]
            except StaleStream:  # once more: done twice, it does no harm
                if not left:
                    raise
            except DriverError as error:
                # For a moment after its start there is no terminal yet; a process that ended has
                # none any more.
                if error.code not in ("docker_error", "conflict", "not_found"):
                    raise
                if not left or not self.exec_state(checked).running:
                    return
            time.sleep(_PAUSE_S)  # an exec has no wait of its own

    def exec_state(self, exec_id: str) -> ExecState:
        """``not_found`` when the container is gone, or stopped a while ago."""
        checked = self._checked_exec(exec_id)
        with translated(self._who, "reading a process's state"):
            told = self._api().exec_inspect(checked)
            code = told["ExitCode"]
            return ExecState(
                running=told["Running"] is True,
                exit_code=code if isinstance(code, int) and not told["Running"] else None,
                pid=told["Pid"] if isinstance(told["Pid"], int) else 0,
            )

    def exec_detached(self, docker_id: str, argv: Sequence[str], *, user: str) -> None:
        """Starts it and leaves it; what it says goes nowhere.

        Never privileged: the program is the container's own, whoever put it there.
        """
        name = self._checked(docker_id)
        with translated(self._who, f"starting a process in {name}"):
            made = self._api().exec_create(name, list(argv), stdout=False, stderr=False, user=user)
            self._api().exec_start(self._checked_exec(made["Id"]), detach=True)

    def run_beside(self, docker_id: str, image: str, argv: Sequence[str]) -> None:
        """In a container of its own that sees the processes of the first one, and nothing else."""
        name = self._checked(docker_id)
        with translated(self._who, f"starting a process beside {name}"):
            api = self._api()
            config = api.create_host_config(
                pid_mode=f"container:{name}", network_mode="none", auto_remove=True,
                read_only=True, cap_drop=["ALL"], cap_add=["KILL", "SYS_PTRACE"],
            )  # fmt: skip
            made = api.create_container(
                image, entrypoint=list(argv[:1]), command=list(argv[1:]), user="0",
                host_config=config, labels={"siteflow.role": "helper"},
                healthcheck={"test": ["NONE"]},
            )  # fmt: skip
            try:
                api.start(made["Id"])
            except BaseException:
                api.remove_container(made["Id"], force=True)
                raise

    def _checked_exec(self, exec_id: object) -> str:
        if not isinstance(exec_id, str) or not _EXEC.fullmatch(exec_id):
            raise DriverError(f"{self._who}: no such process", "not_found")
        return exec_id


class ExecTerminal:
    """Terminal over Docker's hijacked stream."""

    def __init__(self, docker: DockerExec, stream: RawStream, *, exec_id: str, tty: bool) -> None:
        self.exec_id = exec_id
        self._docker = docker
        self._stream = stream
        self._frames = None if tty else Unframed()

    def send(self, data: bytes) -> None:
        self._stream.send(data)

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        while True:
            data = self._stream.recv(size, timeout_s=timeout_s)
            if self._frames is None or not data:
                return data
            if payload := self._frames.feed(data):
                return payload

    def all_said(self) -> bytes:
        """What came until it ended, at most 64 KB and for two seconds."""
        found = b""
        try:
            while len(found) < 65_536 and (data := self.recv(65_536, timeout_s=2.0)):
                found += data
        except (TimeoutError, DriverError):
            pass
        return found

    def resize(self, *, cols: int, rows: int) -> None:
        self._docker.exec_resize(self.exec_id, cols=cols, rows=rows)

    def exit_code(self) -> int | None:
        return self._docker.exec_state(self.exec_id).exit_code

    def answers(self) -> bool:
        return self._stream.answers()

    def close(self) -> None:
        self._stream.close()

    def end(self) -> bool:
        return not self._docker.exec_state(self.exec_id).running


def _commands_host(inspected: dict[str, Any]) -> bool:
    """Privileged, in the host's process space, or holding its Docker socket or its root folder."""
    config = inspected.get("HostConfig")
    config = config if isinstance(config, dict) else {}
    if config.get("Privileged") is True or config.get("PidMode") == "host":
        return True
    mounts = inspected.get("Mounts")
    sources = [one.get("Source") for one in mounts or () if isinstance(one, dict)]
    return any(
        source in ("/", "/run", "/var/run", "/var/lib/docker") or str(source).endswith(".sock")
        for source in sources
    )
