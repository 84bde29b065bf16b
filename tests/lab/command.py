"""Running the machine's own commands, with a deadline and errors that say what failed."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence

# Not every root shell has the folders of the system's commands in its PATH.
SBIN = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


class LabError(Exception):
    """Something of the lab did not do what it was told; the message says what."""


def run(
    argv: Sequence[str], *, stdin: str = "", check: bool = True, timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `argv` to its end. Raises LabError on a non-zero exit (if `check`) or at the deadline."""
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{SBIN}"},
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"no end after {timeout_s:g} s: {' '.join(argv)}") from error
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise LabError(f"exit code {done.returncode}: {' '.join(argv)}: {said}")
    return done


def wait_until(
    condition: Callable[[], bool], *, what: str, timeout_s: float = 30.0, pause_s: float = 0.02
) -> None:
    """Return as soon as `condition()` is true; raises LabError when it is not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"not in {timeout_s:g} s: {what}")
        time.sleep(pause_s)
