"""Turns off each check by itself and lets the matrix look for it: `python -m tests.mutations`.

--sample: a few of each kind, by some of the visitors. --only TEXT: those whose name has it.
Exits with 1 when nobody misses a check, or no question ever comes to it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    from tests.mutations.hook import install

    install()
    import django

    django.setup()
    from tests.mutations.run import Run

    begun = time.monotonic()
    run = Run(sample=chosen.sample, only=chosen.only)
    run.all()
    print(run.summary(), f"in {time.monotonic() - begun:.0f} s", flush=True)
    return 1 if run.survivors or run.unmet or run.broken else 0


if __name__ == "__main__":
    sys.exit(main())
