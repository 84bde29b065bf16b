"""What one monitor costs that watches and samples 100 hosts with 20 containers each.

The hosts are recorded (`recorded_hosts.py`) and reached by real SSH over real sockets. The monitor
has one core for itself alone, the hosts another one; what counts is the monitor's own CPU.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from provisioning.drivers.keys import generate_ed25519
from tests.benchmarks.figures import Figure
from tests.databases import free_port
from tests.stack import database_of_its_own

HOSTS: Final = 100
CONTAINERS: Final = 20
INTERVAL_S: Final = 10
SETTLE_S: Final = 90.0  # all connected, facts and inspections of the first round done
MEASURED_S: Final = 180.0  # eighteen rounds, three minutes of history
ROOT: Final = Path(__file__).resolve().parents[2]
_TICKS: Final = os.sysconf("SC_CLK_TCK")
ROWS: Final = """
import json, sys
from sites.models import Credential, Host
given = json.load(sys.stdin)
for number in range(given["hosts"]):
    credential = Credential(kind=Credential.Kind.KEY, public_key=given["public"])
    credential.seal(given["private"])
    credential.save()
    Host.objects.create(name=f"host{number}", connection="ssh", address="127.0.0.1",
        port=given["port"], username=f"host{number}", credential=credential,
        host_key=given["host_key"], state="new")
"""
COUNTS: Final = """
import json
from monitoring.models import Point, Series
from sites.models import Container, Host
print(json.dumps({
    "reachable": Host.objects.filter(state="reachable").count(),
    "containers": Container.objects.count(),
    "series": Series.objects.count(),
    "points": Point.objects.filter(level=0).count(),
}))
"""


def figures(engine: str, variables: Mapping[str, str]) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="siteflow-bench-") as folder,
        database_of_its_own(variables.get("DATABASE_URL")) as own,
    ):
        return _figures(engine, {**os.environ, **variables, **own}, Path(folder))


def _figures(engine: str, environment: dict[str, str], folder: Path) -> list[Figure]:
    environment |= {
        "SITEFLOW_DATA_DIR": str(folder / "data"),
        "SITEFLOW_ADMIN_PASSWORD": "bench",
        "MONITOR_INTERVAL_S": str(INTERVAL_S),
        "LOG_LEVEL": "WARNING",
    }
    own, theirs = sorted(os.sched_getaffinity(0))[:2]
    with recorded_hosts(folder, core=theirs) as given:
        manage(environment, "prepare")
        manage(environment, "shell", "--no-imports", "-c", ROWS, stdin=json.dumps(given))
        with on_one_core([sys.executable, "manage.py", "monitor"], own, environment) as monitor:
            time.sleep(SETTLE_S)  # the time that is left out
            before = json.loads(manage(environment, "shell", "--no-imports", "-c", COUNTS))
            share, memory_mb = _measured(monitor.pid)
            after = json.loads(manage(environment, "shell", "--no-imports", "-c", COUNTS))
    print(f"{engine}: {before} → {after}, {memory_mb:.0f} MB", file=sys.stderr)
    assert after["reachable"] == HOSTS, after
    assert after["containers"] == HOSTS * CONTAINERS, after
    assert after["series"] >= HOSTS * (CONTAINERS + 1), after
    minutes = (after["points"] - before["points"]) / after["series"]
    against = f"one core, {HOSTS} hosts of {CONTAINERS} containers at {INTERVAL_S} s, sampled"
    return [
        Figure("monitor, CPU", engine, 100 * share, "%", against, 30),
        Figure("monitor, memory", engine, memory_mb, "MB", against),
        Figure("minutes of history missing", engine, MEASURED_S / 60 - minutes, "", against, 1),
    ]


def _measured(pid: int) -> tuple[float, float]:
    """The part of a core that it used, and its memory in MB at the end."""
    began, before = time.monotonic(), _cpu_s(pid)
    time.sleep(MEASURED_S)  # the time that is measured
    share = (_cpu_s(pid) - before) / (time.monotonic() - began)
    status = Path(f"/proc/{pid}/status").read_text()
    return share, int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def recorded_hosts(folder: Path, *, core: int) -> Iterator[dict[str, Any]]:
    """What rows need to know of them."""
    host_key, login = generate_ed25519("bench"), generate_ed25519("bench")
    file, port = folder / "host_key", free_port()
    file.write_text(host_key.private_text)
    module = [sys.executable, "-m", "tests.benchmarks.recorded_hosts"]
    arguments = [str(port), str(file), str(CONTAINERS)]
    with on_one_core([*module, *arguments], core, dict(os.environ), stdout=subprocess.PIPE) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == b"ready\n"
        yield {
            "hosts": HOSTS,
            "port": port,
            "host_key": " ".join(host_key.public_line.split()[:2]),
            "private": login.private_text,
            "public": login.public_line,
        }


@contextmanager
def on_one_core(
    argv: list[str], core: int, environment: dict[str, str], **given: Any
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, **given)
    try:
        os.sched_setaffinity(process.pid, {core})
        yield process
    finally:
        process.terminate()
        process.wait(30)


def manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> str:
    argv = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stderr[-2000:]}")
    return done.stdout
