"""A host in memory: remembers what ran and answers as told. Tests use it, and it is the dry run."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from provisioning.drivers.bytestream import ByteStream
from provisioning.drivers.compose import project_of, verb_of
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake_exec import FakeExecs, FakeTerminal
from provisioning.drivers.fake_files import FakeFiles
from provisioning.drivers.fake_logs import FakeLog, FakeLogs
from provisioning.drivers.fake_making import FakeMaking
from provisioning.drivers.fake_stream import FakeProgram, Program, fake_sample
from provisioning.drivers.fake_things import FakeSource, FakeThings
from provisioning.drivers.fake_web import FakeTlsWeb, FakeWeb, Handler
from provisioning.drivers.forward import check_tcp
from provisioning.drivers.host import DockerApi, EventStream, Result
from provisioning.drivers.lines import OnLine
from provisioning.drivers.terminal import Start, Terminal
from provisioning.drivers.things import ImageState, NetworkState, VolumeState

Answer = Result | DriverError | Callable[[tuple[str, ...]], Result]

_DONE = Result(0, "", "", False, 0)


def fake_container(name: str, *, state: str = "running", **values: Any) -> ContainerState:
    """A container whose id is made from its name."""
    docker_id = name.encode().hex().ljust(64, "0")[:64]
    filled = {"docker_id": docker_id, "image": "busybox:latest", "image_id": "sha256:0"}
    return ContainerState(**(filled | {"name": name, "state": state} | values))


class FakeEvents:
    """EventStream over a queue."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.pending: queue.Queue[dict[str, Any] | DriverError | None] = queue.Queue()
        self.closed = False

    def __iter__(self) -> Iterator[dict[str, Any] | None]:
        while not self.closed:
            try:
                event = self.pending.get(timeout=self.timeout_s)
            except queue.Empty:
                yield None
                continue
            if isinstance(event, DriverError):
                raise event
            if event is not None:
                yield event

    def take(self, *, timeout_s: float) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while not self.closed:
            try:
                event = self.pending.get(timeout=0.0 if found else timeout_s)
            except queue.Empty:
                break
            if isinstance(event, DriverError):
                raise event
            found += [event] if event is not None else []
        return found

    def answers(self) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True
        self.pending.put(None)


class FakeDocker(FakeThings, FakeMaking, FakeLogs, FakeExecs):
    """DockerApi over dicts. Changes of a container's state emit the events Docker would."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host
        self.streams: list[FakeEvents] = []

    def ping(self) -> None:
        self._host.note("docker", "ping")

    def version(self) -> dict[str, Any]:
        self._host.note("docker", "version")
        return {"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}

    def info(self) -> dict[str, Any]:
        self._host.note("docker", "info")
        states = [container.state for container in self._host.containers.values()]
        return {
            "ServerVersion": "20.10.24",
            "DockerRootDir": "/var/lib/docker",
            "Driver": "overlay2",
            "Containers": len(states),
            "ContainersRunning": states.count("running"),
            "Images": 1,
        }

    def disk_usage(self) -> dict[str, Any]:
        self._host.note("docker", "disk_usage")
        nothing = {"LayersSize": 0, "Images": [], "Containers": [], "Volumes": [], "BuildCache": []}
        return {**nothing, **self._host.usage}

    def containers(self) -> list[ContainerState]:
        self._host.note("docker", "containers")
        return [replace(each, complete=False) for each in self._host.containers.values()]

    def container(self, docker_id: str) -> ContainerState:
        self._host.note("docker", "container", docker_id)
        return self._find(docker_id)

    def _find(self, docker_id: str) -> ContainerState:
        for container in self._host.containers.values():
            if docker_id in (container.docker_id, container.name):
                return container
        raise DriverError(f"{self._host.name}: no such container: {docker_id}", "not_found")

    def passes_check(self, docker_id: str, *, within_s: float) -> bool:
        self._host.note("docker", "passes_check", docker_id)
        return self._find(docker_id).name in self._host.well

    def start(self, docker_id: str) -> None:
        self._host.note("docker", "start", docker_id)
        if self._find(docker_id).state != "running":
            self._running(docker_id, "start")

    def stop(self, docker_id: str, *, grace_s: int) -> None:
        self._host.note("docker", "stop", docker_id, str(grace_s))
        if self._find(docker_id).state in ("running", "paused"):
            self._ended(docker_id, "die", "stop")

    def restart(self, docker_id: str, *, grace_s: int) -> None:
        self._host.note("docker", "restart", docker_id, str(grace_s))
        if self._find(docker_id).state == "running":
            self._ended(docker_id, "die", "stop")
        self._running(docker_id, "start", "restart")

    def kill(self, docker_id: str, *, signal: str) -> None:
        self._host.note("docker", "kill", docker_id, signal)
        self._needs(docker_id, "running")
        self._ended(docker_id, "kill", "die")

    def pause(self, docker_id: str) -> None:
        self._host.note("docker", "pause", docker_id)
        self._needs(docker_id, "running")
        self._change(docker_id, "pause", state="paused")

    def unpause(self, docker_id: str) -> None:
        self._host.note("docker", "unpause", docker_id)
        self._needs(docker_id, "paused")
        self._change(docker_id, "unpause", state="running")

    def remove(self, docker_id: str, *, force: bool) -> None:
        self._host.note("docker", "remove", docker_id, str(force))
        container = self._find(docker_id)
        if container.state in ("running", "paused") and not force:
            raise DriverError(f"{self._host.name}: {container.name} is running", "conflict")
        self.emit("destroy", container)
        del self._host.containers[container.name]

    def logs(self, docker_id: str, *, tail: int, since: int | None = None) -> list[str]:
        self._host.note("docker", "logs", docker_id, str(tail))
        return self._host.logs.get(self._find(docker_id).name, [])[-tail:]

    def stats(self, docker_id: str) -> dict[str, Any]:
        self._host.note("docker", "stats", docker_id)
        self._find(docker_id)
        return self._host.stats.get(docker_id, {})

    def events(self, *, since: float, timeout_s: float) -> EventStream:
        self._host.note("docker", "events")
        stream = FakeEvents(timeout_s)
        self.streams.append(stream)
        return stream

    def emit(self, action: str, container: ContainerState) -> None:
        """Tell every open event stream what happened to a container."""
        now_ns = time.time_ns()
        attributes = {"name": container.name}
        if action == "die":
            attributes["exitCode"] = str(container.exit_code)
        event = {
            "Type": "container",
            "Action": action,
            "Actor": {"ID": container.docker_id, "Attributes": attributes},
            "id": container.docker_id,
            "time": now_ns // 10**9,
            "timeNano": now_ns,
        }
        for stream in self.streams:
            stream.pending.put(event)

    def _needs(self, docker_id: str, state: str) -> None:
        container = self._find(docker_id)
        if container.state != state:
            raise DriverError(f"{self._host.name}: {container.name} is not {state}", "conflict")

    def _running(self, docker_id: str, *actions: str) -> None:
        now = datetime.now(UTC)
        self._change(docker_id, *actions, state="running", exit_code=None, started_at=now)

    def _ended(self, docker_id: str, *actions: str) -> None:
        now = datetime.now(UTC)
        self._change(docker_id, *actions, state="exited", exit_code=137, finished_at=now)

    def _change(self, docker_id: str, *actions: str, **values: Any) -> None:
        changed = replace(self._find(docker_id), **values)
        self._host.containers[changed.name] = changed
        for action in actions:
            self.emit(action, changed)


class FakeHost:
    """HostDriver in memory.

    ``ran`` holds every command's argv (with ``"sudo"`` first where asked for) and every Docker call
    as ``("docker", call, …)``. ``answer`` and ``fail`` decide what comes back; ``files`` is what
    host_files.py finds and leaves. A command nobody spoke of succeeds silently.
    """

    docker: DockerApi

    def __init__(self, name: str = "web1", *, containers: Sequence[ContainerState] = ()) -> None:
        self.name = name
        self.ran: list[tuple[str, ...]] = []
        self.stdin: list[bytes | None] = []
        self.containers = {container.name: container for container in containers}
        self.networks: dict[str, NetworkState] = {}
        self.configs: dict[str, dict[str, Any]] = {}  # by the container's id
        self.volumes: dict[str, VolumeState] = {}
        self.images: dict[str, ImageState] = {}
        self.registry: dict[str, FakeSource] = {}  # what can be pulled, by name
        self.usage: dict[str, Any] = {}  # what ``docker system df`` says besides
        self.logs: dict[str, list[str]] = {}
        self.followed: dict[str, FakeLog] = {}  # with times, and growing
        self.stats: dict[str, dict[str, Any]] = {}  # by the container's id
        self.well: set[str] = set()  # whose own check passes, whatever the Engine says yet
        self.shell = "/bin/sh"  # what every container has; "" for none
        self.mighty: set[str] = set()  # containers from which the host is commanded
        self.screen: Program = lambda typed: typed  # of terminals: an echo
        self.terminals: list[FakeTerminal] = []
        self.files = FakeFiles()
        self.closed = False
        self.program: Program = self._sampled
        self.programs: list[FakeProgram] = []
        self._servers: dict[tuple[str, int], tuple[Handler, bool, bytes]] = {}
        self._answers: list[tuple[tuple[str, ...], Answer]] = []
        self._compose: dict[tuple[str, str], Answer] = {}
        self._failures: dict[str, list[DriverError]] = {}
        self.docker = self.fake_docker = FakeDocker(self)

    def answer(self, *argv: str, stdout: str = "", stderr: str = "", exit_code: int = 0) -> None:
        """Commands that begin with these words end this way; the latest and longest rule wins."""
        self._answers.append((argv, Result(exit_code, stdout, stderr, False, 1)))

    def answer_by(self, *argv: str, answer: Answer) -> None:
        """The same with an error to raise or a function of the whole argv."""
        self._answers.append((argv, answer))

    def answer_compose(self, project: str, verb: str, answer: Answer | str) -> None:
        """How ``docker compose`` of this project ends at ``config``, ``up`` and so on.

        Text is what it prints when all is well. The flags of the verb are in ``ran`` and the
        function's argument.
        """
        done = Result(0, answer, "", False, 1) if isinstance(answer, str) else answer
        self._compose[project, verb] = done

    def fail(self, call: str, *errors: DriverError) -> None:
        """The next Docker calls of this name (``"restart"``) raise these, one each, in order."""
        self._failures.setdefault(call, []).extend(errors)

    def note(self, *words: str) -> None:
        """Remember a Docker call; raise what ``fail`` has in store for it."""
        self.ran.append(words)
        waiting = self._failures.get(words[1], [])
        if waiting:
            raise waiting.pop(0)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout_s: float | None = None,
        max_bytes: int = 1_000_000,
        sudo: bool = False,
        on_line: OnLine | None = None,
    ) -> Result:
        result = self._ran(tuple(argv), stdin, sudo)
        if on_line is not None:
            for line in [*result.stdout.splitlines(), *result.stderr.splitlines()]:
                on_line(line)
        return result

    def _ran(self, argv: tuple[str, ...], stdin: bytes | None, sudo: bool) -> Result:
        self.ran.append(("sudo", *argv) if sudo else argv)
        self.stdin.append(stdin)
        answer = self._find_answer(argv) or self._compose.get((project_of(argv), verb_of(argv)))
        if answer is None:
            return self.files.answer(argv, stdin) or _DONE
        if isinstance(answer, DriverError):
            raise answer
        return answer if isinstance(answer, Result) else answer(argv)

    def stream(self, argv: Sequence[str], *, timeout_s: float) -> ByteStream:
        """``program`` answers; unless told otherwise, as the sampler on an idle host."""
        self.ran.append(tuple(argv))
        self.programs.append(FakeProgram(self.program, who=self.name))
        return self.programs[-1]

    def terminal(self, *, cols: int, rows: int, timeout_s: float) -> Terminal:
        self.ran.append(("terminal", str(cols), str(rows)))
        start = Start(argv=(), cols=cols, rows=rows)
        self.terminals.append(FakeTerminal(self.screen, exec_id="", start=start))
        return self.terminals[-1]

    def _sampled(self, line: bytes) -> bytes:
        return fake_sample(self.containers.values(), uptime_s=time.monotonic()).encode()

    def serve(
        self, port: int, handler: Handler, *, address: str = "127.0.0.1", tls: bool = False,
        pem: bytes = b"",
    ) -> None:  # fmt: skip
        """What http_probe.py finds there from now on; see fake_web.py."""
        self._servers[address, port] = (handler, tls or bool(pem), pem)

    def hang_up(self, port: int, *, address: str = "127.0.0.1") -> None:
        """Nothing answers there any more."""
        self._servers.pop((address, port), None)

    def open_tcp(self, address: str, port: int, *, timeout_s: float) -> ByteStream:
        check_tcp(address, port)
        if (address, port) not in self._servers:
            message = f"{self.name}: nothing answers at {address}:{port}"
            raise DriverError(message, "port_closed")
        handler, tls, pem = self._servers[address, port]
        return FakeTlsWeb(handler, pem=pem) if tls else FakeWeb(handler)

    def _find_answer(self, argv: tuple[str, ...]) -> Answer | None:
        fitting = [rule for rule in self._answers if argv[: len(rule[0])] == rule[0]]
        best = max(enumerate(fitting), key=lambda each: (len(each[1][0]), each[0]), default=None)
        return None if best is None else best[1][1]

    def connect(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        self.closed = True
