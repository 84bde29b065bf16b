"""Starting what holds a machine's namespaces. It lives exactly as long as its first process."""

import subprocess
from pathlib import Path

from tests.lab.command import LabError, wait_until
from tests.lab.process import Process

INIT = Path(__file__).with_name("init.sh")
OWN = ("--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL")


def start_switch() -> Process:
    """A process with a network namespace of its own and nothing else."""
    switch = _spawn(["unshare", "--net", "sleep", "infinity"], log=Path("/dev/null"))
    wait_until(lambda: switch.command_name() == "sleep", what="the switch", pause_s=0.005)
    return switch


def start_machine(*, tree: Path, name: str, extra_usr: list[Path]) -> Process:
    """Start the holder of a host's namespaces; init_of() waits for the host's process 1."""
    layers = ":".join([*map(str, extra_usr), "/usr"])
    init = ["/bin/sh", str(INIT), str(tree), name, layers]
    return _spawn(["unshare", *OWN, "--propagation=private", *init], log=tree / "init.log")


def init_of(holder: Process, *, tree: Path) -> Process:
    """The host's process 1, once its file system is complete. Raises LabError if it fails."""

    def ready() -> bool:
        if not holder.alive():
            raise LabError(f"{tree.name}: {(tree / 'init.log').read_text()}")
        return any(Path(f"/proc/{p.pid}/root/run/lab-ready").exists() for p in holder.children())

    wait_until(ready, what=f"{tree.name}: its file system is mounted", pause_s=0.01)
    return holder.children()[0]


def _spawn(argv: list[str], *, log: Path) -> Process:
    # A session of its own: Ctrl-C in the terminal is for the lab to handle, not for its hosts.
    with log.open("wb") as out:
        started = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    _STARTED[started.pid] = started
    return Process.of(started.pid)


# Popen objects of this process: kept to be waited for, so that no zombie stays behind.
_STARTED: dict[int, subprocess.Popen[bytes]] = {}


def end_holder(holder: Process) -> None:
    """End a machine and all its processes; nothing to do if it has ended."""
    for process in holder.children() or [holder]:
        process.kill()
    holder.wait_end()
    if started := _STARTED.pop(holder.pid, None):
        started.wait(timeout=20)
