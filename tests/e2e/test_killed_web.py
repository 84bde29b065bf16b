"""The web process is killed while terminals are open on a real host: what ran in them ends."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.lab import Lab
from tests.monitoring.waiting import until
from tests.siteflow.terminals.coming import at_terminal, container
from tests.stack import Client, Stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]

STAYS = "trap '' HUP; while :; do sleep 4715; done"
RUN = ("sleep 4714", "sleep 4715", "sleep 4716")


def test_what_ran_in_terminals_of_a_killed_web_process_ends(
    console: Stack, admin_client: Client, lab: Lab
) -> None:
    """A shell with what it started, what ignores a hang-up, and the shell of the host itself."""
    path = f"/ws/containers/{container(admin_client, lab.web1)}/exec"
    (host,) = admin_client.get("/hosts", search="web1")["items"]
    with ExitStack() as opened:
        shell, session = opened.enter_context(at_terminal(admin_client, path, "sh"))
        _, stubborn = opened.enter_context(at_terminal(admin_client, path, "sh", "-c", STAYS))
        on_host, hosts_own = opened.enter_context(
            at_terminal(admin_client, f"/ws/hosts/{host['id']}/terminal")
        )
        shell.send(b"echo seen-$((40+2)); sleep 4714\n")
        on_host.send(b"sleep 4716\n")
        until(lambda: running(lab) == set(RUN))
        until(lambda: "seen-42" in recorded(admin_client, session), pause_s=0.2)
        began_at = time.monotonic()
        for pid in console.processes("web"):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not running(lab), timeout_s=60, pause_s=0.1)
        print(f"all had ended {time.monotonic() - began_at:.1f} s after the kill")
        to_its_end(shell)
    console.wait_ready()
    sessions = [session, stubborn, hosts_own]
    until(lambda: len(outcomes(admin_client, sessions)) == 3, pause_s=0.2)
    assert set(outcomes(admin_client, sessions)) == {("failed", "lost", False)}
    assert "seen-42" in recorded(admin_client, session)


def running(lab: Lab) -> set[str]:
    """In the container or on its host, which sees both."""
    shown = lab.web1.run("ps", "-eo", "args").stdout
    return {each for each in RUN if each in shown.splitlines()}


def recorded(client: Client, session: int) -> str:
    """What the console gives out to be replayed."""
    answer = client.session.post(
        f"{client.url}/admin/terminals/{session}/recording/",
        headers={"X-CSRFToken": client.csrf, "Referer": client.url},
        timeout=30,
    )
    answer.raise_for_status()
    return answer.text


def to_its_end(socket: ClientConnection) -> None:
    with pytest.raises(ConnectionClosed):
        while socket.recv(timeout=10):
            pass


def outcomes(client: Client, sessions: list[int]) -> list[tuple[str, str, bool]]:
    """How these ended, and whether their entries know of something left."""
    rows = client.get("/audit/logs", page_size=200)["logs"]
    return [
        (row["status"], row["error_code"], "may still run" in row["error"])
        for row in rows
        if row["phase"] == "outcome" and (row["after"] or {}).get("terminal") in sessions
    ]
