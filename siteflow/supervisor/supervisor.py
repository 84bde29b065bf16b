"""The loop that keeps all children running until it is told to stop."""

from __future__ import annotations

import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from siteflow.supervisor.address import Address
from siteflow.supervisor.canary import Canary
from siteflow.supervisor.child import Child, Life
from siteflow.supervisor.console import Console
from siteflow.supervisor.guard import Guard
from siteflow.supervisor.roles import Role
from siteflow.supervisor.signals import Signals

TURN_S: Final = 1.0
EAGER_TURN_S: Final = 0.1  # while the web process is awaited, and at the end
WEB_FIRST_S: Final = 1.0  # so much earlier than the others the web process is told to stop
READY_LATE_S: Final = 60.0


class Supervisor:
    """``address`` is the web role's, ``canary`` the worker's; None when that role is not here.

    Single-threaded on purpose: children are started by fork, and end with the thread's end.
    """

    def __init__(
        self, roles: Sequence[Role], *, address: Address | None, canary: Canary | None
    ) -> None:
        token = uuid4().hex
        self._guard = Guard(f"{token}/")
        self._children = [Child(role, token=token) for role in roles]
        self._address, self._canary = address, canary
        self._console = Console(1, width=max(len("siteflow"), *(len(r.name) for r in roles)))
        self._selector = selectors.DefaultSelector()
        self._stopping_since: float | None = None
        self._awaits_web_since: float | None = None
        self._has_served = False
        # Whoever closes a terminal wants an end; a service manager's SIGHUP wants a restart.
        self._hangup_stops = sys.stdin is not None and sys.stdin.isatty()

    def run(self) -> int:
        """Until it is told to stop and all children are gone; then 0."""
        with Signals() as signals:
            self._selector.register(signals, selectors.EVENT_READ)
            while not self._is_over():
                self._turn(signals)
        self._guard.dismiss()
        self._selector.close()
        self._console.say("All stopped.")
        return 0

    def _is_over(self) -> bool:
        return self._stopping_since is not None and not any(c.life for c in self._children)

    def _turn(self, signals: Signals) -> None:
        for key, _ in self._selector.select(self._patience_s(time.monotonic())):
            if key.data:
                self._show(*key.data)
        now = time.monotonic()
        for number in signals.received():
            self._obey(number, now)
        for child in self._children:
            self._look_after(child, now)
        if self._guard.renew_if_dead():
            self._console.say("The guard had ended; there is a new one.")
        self._await_web(now)

    def _patience_s(self, now: float) -> float:
        if self._stopping_since is not None or self._awaits_web_since is not None:
            return EAGER_TURN_S
        due = [child.start_at - now for child in self._children if not child.life]
        return max(0.0, min([TURN_S, *due]))

    def _obey(self, number: int, now: float) -> None:
        lives = [child.life for child in self._children if child.life]
        if number == signal.SIGCHLD:
            return
        if number == signal.SIGHUP and not self._hangup_stops:
            self._console.say("Restarting all.")
            for life in lives:
                life.ask_to_end(now)
        elif self._stopping_since is None:
            self._awaits_web_since = None
            self._console.say("Stopping. (Once more to stop at once.)")
            self._stopping_since = now
        else:
            for life in lives:
                life.kill()

    def _look_after(self, child: Child, now: float) -> None:
        life = child.life
        if life is None:
            if self._stopping_since is None and now >= child.start_at:
                self._start(child, now)
        elif life.has_ended():
            self._bury(child, life, now)
        elif life.is_killed:
            pass  # its end is on the way
        elif now >= life.kill_at:
            self._console.say(f"{child.role.name} did not end in time; killing it.")
            life.kill()
        elif self._stopping_since is not None:
            if self._may_end(child, now):
                life.ask_to_end(now)
        elif child.role.name == "worker":
            self._listen_to_canary(life, now)

    def _start(self, child: Child, now: float) -> None:
        try:
            life = child.start(now)
        except (OSError, subprocess.SubprocessError) as error:
            self._console.say(f"{child.role.name} cannot be started: {error}")
            return
        self._guard.add(life.pid)
        self._selector.register(life.output, selectors.EVENT_READ, (child, life))
        if child.role.name == "web":
            self._awaits_web_since = now

    def _bury(self, child: Child, life: Life, now: float) -> None:
        self._forget_output(life)
        remains = child.bury(life, now)
        self._guard.remove(life.pid)
        self._say_all(child, remains.lines)
        if self._stopping_since is None:
            left = f" and left {remains.orphans} processes, now killed" if remains.orphans else ""
            again = f"again in {child.start_at - now:g} s"
            self._console.say(f"{child.role.name} {remains.ending}{left}; {again}.")

    def _may_end(self, child: Child, now: float) -> bool:
        """The web process first, so that nobody asks for more while the others finish."""
        web_lives = any(c.life for c in self._children if c.role.name == "web")
        head_start_over = now - (self._stopping_since or now) >= WEB_FIRST_S
        return child.role.name == "web" or not web_lives or head_start_over

    def _listen_to_canary(self, life: Life, now: float) -> None:
        """It is the monitor that lets the canary out: while that is down, silence means nothing."""
        monitors = [child.life for child in self._children if child.role.name == "monitor"]
        if self._canary is None or None in monitors:
            return
        started_at = max(each.started_at for each in (life, *monitors) if each)
        silent_s = self._canary.silent_s(now=now, started_at=started_at)
        if silent_s is not None:
            self._console.say(f"The queue has not moved for {silent_s:.0f} s; killing the worker.")
            life.kill()

    def _await_web(self, now: float) -> None:
        if self._awaits_web_since is None or self._address is None:
            return
        if self._address.answers():
            self._console.say(
                f"The web process answers again at {self._address.url}"
                if self._has_served
                else f"SiteFlow is ready at {self._address.url} (Ctrl-C stops it)"
            )
            self._has_served, self._awaits_web_since = True, None
        elif now - self._awaits_web_since > READY_LATE_S:
            self._console.say(f"The web process does not answer yet at {self._address.url}")
            self._awaits_web_since = now

    def _show(self, child: Child, life: Life) -> None:
        lines = life.read()
        if lines is None:
            self._forget_output(life)
        else:
            self._say_all(child, lines)

    def _forget_output(self, life: Life) -> None:
        if life.output in self._selector.get_map():
            self._selector.unregister(life.output)

    def _say_all(self, child: Child, lines: Sequence[str]) -> None:
        for line in lines:
            self._console.say(line, source=child.role.name)
