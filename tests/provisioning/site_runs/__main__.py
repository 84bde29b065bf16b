"""Sites on a real host under all that can go wrong: `python -m tests.provisioning.site_runs`.

kills: a worker killed before and after every step of every verb on sites and of its taking back,
and at random moments (--random N, --seed S). bad: releases that are bad in many ways, while
visitors ask. Without a word both. --only TEXT: flows, or kinds of badness, whose name has it.
Takes root, and starts a lab and a database of its own. Exits with 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.provisioning.site_runs",
                                     description=__doc__)  # fmt: skip
    parser.add_argument("what", nargs="*", choices=["kills", "bad", []], default=[])
    parser.add_argument("--random", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    parser.add_argument("--only", default="", metavar="TEXT")
    chosen = parser.parse_args()
    wanted = chosen.what or ["kills", "bad"]
    with ground() as there:
        good = [_kills(there, chosen)] if "kills" in wanted else []
        good += [_bad(there, chosen)] if "bad" in wanted else []
    return 0 if all(good) else 1


@contextmanager
def ground() -> Iterator[Any]:
    """A lab and a database, both gone afterwards, and the template of the sites."""
    import django

    django.setup()
    from django.db import connection

    from tests.lab import Lab
    from tests.provisioning.site_runs.bare import make_template
    from tests.provisioning.site_runs.flows import Ground
    from tests.provisioning.site_runs.ground import ready

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        with Lab.start() as lab, tempfile.TemporaryDirectory() as folder:
            make_template()
            with ready(lab.web1, directory=Path(folder)) as place:
                yield Ground(place, lab.web1)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _kills(there: Any, chosen: argparse.Namespace) -> bool:
    from tests.provisioning.site_runs.every_kill import Reaper, Tally
    from tests.provisioning.site_runs.flows import FLOWS, gone

    reaper, tally = Reaper(there), Tally()
    flows = [flow for flow in FLOWS if chosen.only in flow.name]
    print(f"random moments by --seed {chosen.seed}", flush=True)
    assert there.site
    gone(there)  # folders that a first site makes and the last one leaves are there from now on
    for flow in flows:
        for kill in reaper.everywhere(flow):
            tally.kills.append(kill)
            print(kill, flush=True)
    chance = random.Random(chosen.seed)  # noqa: S311
    for _ in range(chosen.random):
        tally.kills.append(reaper.sometime(chance.choice(flows), chance))
        print(tally.kills[-1], flush=True)
    print(tally, flush=True)
    return bool(tally.kills) and not any(one.problems for one in tally.kills)


def _bad(there: Any, chosen: argparse.Namespace) -> bool:
    from tests.provisioning.site_runs.every_bad import every_bad

    return every_bad(there, only=chosen.only)


if __name__ == "__main__":
    sys.exit(main())
