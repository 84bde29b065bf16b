"""Ends a process that was started in a container: Docker leaves it running when its stream ends.

The Engine has no call for it. A signal is sent from within the container by the container's own
shell, as the user of what is ended and then as root, with no more rights than the container has:
the shell may be a trap. Where there is none, or that is not enough, it is sent from the host;
where that is not allowed, from a container beside it that shares its processes.
All processes of the same session go, as when a terminal is closed, and no others: what made itself
a session of its own, as services do, stays.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from provisioning.drivers.docker_exec import MARK
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.terminal import ExecState

# $1 signal, $2 the mark in the environment, $3 the session's number, 0 where it is not known.
# /proc/<pid>/stat (proc(5)): after the name in parentheses come state, parent, group, session.
_SCRIPT: Final = f"""
signal=$1 mark=$2 session=$3
if [ "$session" = 0 ]; then
  for each in /proc/[0-9]*; do
    marked=
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in *"{MARK}=$mark"*) marked=yes ;; esac
      line=
    done 2>/dev/null < "$each/environ"
    [ -n "$marked" ] || continue
    read -r line 2>/dev/null < "$each/stat" || continue
    set -- ${{line##*) }}
    [ "${{each#/proc/}}" = "$4" ] && {{ [ "$2" = 0 ] || [ "$session" = 0 ]; }} && session=$4
  done
fi
[ "$session" = 0 ] && exit 1
for each in /proc/[0-9]*; do
  read -r line 2>/dev/null < "$each/stat" || continue
  set -- ${{line##*) }}
  [ "$4" = "$session" ] && kill "-$signal" "${{each#/proc/}}" 2>/dev/null
done
exit 0
"""
SIGNALS: Final = ("HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2")
_POLITE_S: Final = 1.5
_FIRM_S: Final = 2.0
_PAUSE_S: Final = 0.05
_LOOK_S: Final = 5.0
_IMAGES_TRIED: Final = 5


def signal_argv(shell: str, signal: str, *, mark: str, session: int) -> tuple[str, ...]:
    """Sends a signal to all of a session; the text is the same whatever is ended."""
    if signal not in SIGNALS:
        raise DriverError(f"Signals are {', '.join(SIGNALS)}.", "bad_argument")
    return (shell, "-c", _SCRIPT, "sh", signal, mark, str(session))


def send_signal(
    host: HostDriver, docker_id: str, exec_id: str, signal: str, *, mark: str, user: str = ""
) -> None:
    """To what was started and all its kind. DriverError ``no_shell`` among others."""
    state = host.docker.exec_state(exec_id)
    if state.running:
        shell = host.docker.find_shell(docker_id)
        session = _session(host, docker_id, state.pid)
        argv = signal_argv(shell, signal, mark=mark, session=session)
        host.docker.exec_detached(docker_id, argv, user=user)


def end(
    host: HostDriver, docker_id: str, exec_id: str, *, mark: str, user: str = "", sudo: bool = False
) -> bool:
    """Whether it has ended, within about ten seconds. ``user`` is whom it was started as, empty
    for the container's own. DriverError if the host cannot be asked.
    """
    state = _state(host, exec_id)
    if not state.running:
        return True
    session = _session(host, docker_id, state.pid)
    for way, waits_s in _ways(host, docker_id, state.pid, session, mark=mark, user=user, sudo=sudo):
        try:
            way()
        except DriverError as error:
            if error.code in ("link_lost", "timeout"):
                raise
            continue
        if _ended(host, exec_id, within_s=waits_s):
            return True
    return not _state(host, exec_id).running


def is_only_made(host: HostDriver, exec_id: str) -> bool:
    """Whether it was never started. What starts it may still be on its way."""
    try:
        state = host.docker.exec_state(exec_id)
    except DriverError as error:
        if error.code == "not_found":
            return False
        raise
    return not state.running and state.exit_code is None


def _ways(
    host: HostDriver, docker_id: str, pid: int, session: int, *, mark: str, user: str, sudo: bool
) -> Iterator[tuple[Callable[[], object], float]]:
    """From the most polite to the last resort, each with how long to wait for its effect."""

    def inside(signal: str, who: str) -> Callable[[], object]:
        def act() -> None:
            argv = signal_argv(
                host.docker.find_shell(docker_id), signal, mark=mark, session=session
            )
            host.docker.exec_detached(docker_id, argv, user=who)

        return act

    yield inside("HUP", user), _POLITE_S
    yield inside("KILL", user), _FIRM_S
    yield inside("KILL", "0"), _FIRM_S
    if session:  # only then it is certain that the number is this container's
        yield lambda: host.run(("kill", "-KILL", str(pid)), sudo=sudo, timeout_s=_LOOK_S), _FIRM_S
    argv = signal_argv("/bin/sh", "KILL", mark=mark, session=session)
    for image in _images(host):
        yield partial(host.docker.run_beside, docker_id, image, argv), _FIRM_S


def _images(host: HostDriver) -> list[str]:
    """Some that the host has: one of them will hold a shell."""
    found = [image.image_id for image in host.docker.images()]
    return found[:_IMAGES_TRIED]


def _state(host: HostDriver, exec_id: str) -> ExecState:
    try:
        return host.docker.exec_state(exec_id)
    except DriverError as error:
        if error.code == "not_found":  # its container is gone, or stopped
            return ExecState(running=False, exit_code=None)
        raise


def _ended(host: HostDriver, exec_id: str, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while _state(host, exec_id).running:
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)  # an exec has no wait of its own
    return True


def _session(host: HostDriver, docker_id: str, pid: int) -> int:
    """Its number within the container, which Docker does not tell; 0 where the host does not.

    What was started leads a session, so its number is the session's.
    """
    if pid < 2:
        return 0
    try:
        told = host.run(
            ("cat", f"/proc/{pid}/cgroup", f"/proc/{pid}/status"), timeout_s=_LOOK_S
        ).stdout
    except DriverError as error:
        if error.code in ("link_lost", "timeout"):
            raise
        return 0
    return session_of(told, docker_id)


def session_of(told: str, docker_id: str) -> int:
    """From /proc/<pid>/cgroup and status; 0 unless the process is this container's."""
    numbers = re.search(r"^NSpid:((?:\s+\d{1,10})+)$", told, re.MULTILINE)
    if numbers is None or docker_id not in told:
        return 0
    return int(numbers[1].split()[-1])
