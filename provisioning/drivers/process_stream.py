"""A command of this machine that runs for as long as its stream is open."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from typing import Final

from provisioning.drivers.bytestream import SocketStream
from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable

_GRACE_S: Final = 1.0


class ProcessStream(SocketStream):
    """Its stdin and stdout; what it says on stderr goes nowhere."""

    def __init__(self, argv: Sequence[str], *, who: str) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - an argv, never a shell
                tuple(argv),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            reason = printable(error.strerror or "cannot be started")
            message = f"{who}: {printable(argv[0])}: {reason}"
            raise DriverError(message, "command_failed") from None
        finally:
            theirs.close()
        super().__init__(ours, who=who, what=argv[0])

    def close(self) -> None:
        """Ends its stdin; what has not ended a second later is killed."""
        super().close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
