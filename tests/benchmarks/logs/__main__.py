"""`python -m tests.benchmarks.logs [flood] [many] [restart]`: logs on a lab host, as a table."""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks.__main__ import show
from tests.benchmarks.figures import Figure
from tests.benchmarks.logs import flood, many
from tests.lab import Lab
from tests.stack import add_lab_host, stack

PARTS = ("flood", "many", "restart")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.logs")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--bytes", type=int, default=flood.BYTES)
    given = parser.parse_args()
    figures: list[Figure] = []
    with Lab.start() as lab, stack() as running:
        add_lab_host(running, lab.web1)
        for part in given.parts or PARTS:
            if part == "flood":
                figures += flood.figures(running, lab.web1, "SQLite", size=given.bytes)
            else:
                figures += many.figures(
                    running, lab.web1, "SQLite", clients=given.clients, restart=part == "restart"
                )
    show(figures)
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
