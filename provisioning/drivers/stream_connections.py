"""The SSH connections to a host for long-lived streams: one more whenever the others are full."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from provisioning.drivers.connection import Connection, Held
from provisioning.drivers.deadline import Deadline
from provisioning.drivers.errors import DriverError
from provisioning.drivers.target import SshTarget

CHANNELS: Final = (
    6  # sshd's MaxSessions is 10 by default, and what just ended still counts a moment
)
MAX_CONNECTIONS: Final = 8


class StreamConnections:
    """Thread-safe. At most 48 streams per host and process; DriverError ``busy`` beyond.

    Streams fill the first connections first, so that the later ones end when it gets quiet.
    """

    def __init__(self, target: SshTarget, *, via: Connection | None = None) -> None:
        self._target = target
        self._via = via
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._choosing = threading.Lock()
        self._kept: list[Connection] = []
        self._opening: Counter[Connection] = Counter()

    def session(self, deadline: Deadline) -> Held:
        """As Connection.session."""
        return self._hold(lambda connection: connection.session(deadline))

    def streamlocal(self, path: str, deadline: Deadline) -> Held:
        """As Connection.streamlocal."""
        return self._hold(lambda connection: connection.streamlocal(path, deadline))

    def _hold(self, open_on: Callable[[Connection], Held]) -> Held:
        connection = self._with_room()
        try:
            return open_on(connection)
        finally:
            with self._choosing:
                self._opening[connection] -= 1

    def _with_room(self) -> Connection:
        if self._pid != os.getpid():  # a fork: the connections and locks are the parent's
            self._reset()
        with self._choosing:
            for connection in self._kept:
                if connection.slots.taken + self._opening[connection] < CHANNELS:
                    break
            else:
                connection = self._another()
            self._opening[connection] += 1
            return connection

    def _another(self) -> Connection:
        if len(self._kept) >= MAX_CONNECTIONS:
            limit = CHANNELS * MAX_CONNECTIONS
            message = f"{self._target.name}: {limit} logs, terminals and watchers are open already"
            raise DriverError(message, "busy")
        connection = Connection(self._target, via=self._via, channels=CHANNELS)
        self._kept.append(connection)
        return connection

    def rest(self, *, after_s: float) -> None:
        """Close those that nobody has used for ``after_s`` seconds."""
        with self._choosing:
            kept = list(self._kept)
        for connection in kept:
            connection.rest(after_s=after_s)

    def close(self) -> None:
        """Close all of them for good."""
        with self._choosing:
            kept = list(self._kept)
        for connection in kept:
            connection.close()
