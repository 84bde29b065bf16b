"""Turns off each check by itself and lets the matrix look for it: `python -m tests.mutations`.

--sample: a few of each kind, by some of the visitors. --only TEXT: those whose name has it.
--processes N: that many share the checks. --told: by which answer each was noticed.
Exits with 1 when nobody misses a check, or no question ever comes to it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--told", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.sample or chosen.part is not None:
        return one_process(chosen)
    begun = time.monotonic()
    result = several(chosen.processes)
    if chosen.told:
        print("", *(f"{name}: {told}" for name, told in result.noticed.items()), sep="\n")
    print(result, f"in {time.monotonic() - begun:.0f} s", flush=True)
    return 0 if result.is_good else 1


def several(processes: int) -> Any:
    """Each has a database of its own, and asks everything once before it begins."""
    from tests.mutations.result import Result

    command = [sys.executable, "-m", "tests.mutations", *sys.argv[1:]]
    result = Result()
    with tempfile.TemporaryDirectory(prefix="siteflow-mutations-") as folder:
        found = [Path(folder) / str(part) for part in range(processes)]
        running = [
            subprocess.Popen(
                [*command, "--processes", str(processes), "--part", str(part), "--result", path]
            )
            for part, path in enumerate(found)
        ]
        for one, path in zip(running, found, strict=True):
            if one.wait() == 0:
                result.add(Result.read(path))
            else:
                result.broken.append("one of the processes ended before its time")
    return result


def one_process(chosen: argparse.Namespace) -> int:
    from tests.mutations.hook import install

    install()
    import django

    django.setup()
    from tests.mutations.run import Run

    run = Run(
        sample=chosen.sample, only=chosen.only,
        part=chosen.part or 0, parts=1 if chosen.sample else chosen.processes,
    )  # fmt: skip
    result = run.all()
    if chosen.result:
        result.write(chosen.result)
        return 0
    print(result)
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
