"""`python -m tests.lab`: a lab to look at and to try things on, up until Ctrl-C or SIGTERM.

`python -m tests.lab fault HOST FAULT` does something bad to a host of a lab that is running.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from tests.lab.command import LabError
from tests.lab.description import FILE, attach
from tests.lab.host import Host
from tests.lab.lab import Lab

FAULTS: dict[str, Callable[[Host], None]] = {
    "black-hole": Host.black_hole,
    "cut": Host.cut,
    "heal": Host.heal,
    "freeze": Host.freeze,
    "thaw": Host.thaw,
    "end-sessions": Host.end_sessions,
    "restart-sshd": Host.restart_sshd,
    "stop-sshd": Host.stop_sshd,
    "replace-host-key": Host.replace_host_key,
    "restart-dockerd": Host.restart_dockerd,
    "stop-dockerd": Host.stop_dockerd,
    "start-dockerd": Host.start_dockerd,
    "kill-dockerd": Host.kill_dockerd,
    "freeze-dockerd": Host.freeze_dockerd,
    "thaw-dockerd": Host.thaw_dockerd,
    "fill-disk": Host.fill_disk,
    "empty-disk": Host.empty_disk,
    "reset": Host.reset,
}


def serve(*, tmpdir: Path | None) -> None:
    """Start a lab, say what it has, and stop it at SIGINT or SIGTERM."""
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    with suppress(KeyboardInterrupt), Lab.start(tmpdir) as lab:
        print(table(list(lab.hosts.values())))
        print(f"\nready in {time.monotonic() - begun:.1f} s")
        print(f"described in {lab.record.directory}/{FILE}")
        print(f"faults: python -m tests.lab fault HOST {'|'.join(FAULTS)}")
        print("Ctrl-C stops it", flush=True)
        while True:
            signal.pause()


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """The first signal stops the lab; further ones do not disturb the stopping."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def table(hosts: list[Host]) -> str:
    """One line per way to log in; no secret is shown, only where it is kept."""
    rows = [("name", "ssh", "host key", "private key file", "docker socket")]
    for host in hosts:
        socket = host.docker_socket if host.has_docker else "-"
        for login in host.logins.values():
            target = f"{login.user}@{host.address}:{host.port}"
            rows.append((host.name, target, host.fingerprint, str(login.private_key_file), socket))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def fault(*, host: str, name: str, slot: int | None) -> None:
    hosts = attach(slot)
    if host not in hosts:
        raise LabError(f"no host {host}; there are {', '.join(hosts)}")
    FAULTS[name](hosts[host])
    print(f"{host}: {name} done")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description="Hosts to try things on."
    )
    parser.add_argument("--tmpdir", type=Path, help="where the lab keeps its files (/var/tmp)")
    commands = parser.add_subparsers(dest="command")
    bad = commands.add_parser("fault", help="do something bad to a host of a running lab")
    bad.add_argument("host")
    bad.add_argument("fault", choices=FAULTS)
    bad.add_argument("--slot", type=int, help="which lab, if several run")
    given = parser.parse_args()
    try:
        if given.command == "fault":
            fault(host=given.host, name=given.fault, slot=given.slot)
        else:
            serve(tmpdir=given.tmpdir)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
