"""All tests: on SQLite, and what touches a database again on PostgreSQL and Redis.

LAB=0 leaves out what needs real hosts, Debian packages and root, and says so. Other arguments go
to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack

from tests.databases import postgres, redis
from tests.parts import Part, run_lanes

# Which tests know of a database: see there. Of hostile values it gets each fifteenth.
AGAIN = ["-p", "tests.second_database"]
# A file's tests stay together for as long as both processes have files left.
SHARED = ["--numprocesses=auto", "--dist=worksteal"]
WITHOUT_LAB = [*SHARED, "-m", "not lab and not e2e"]
# Each starts real hosts once, so its tests are not shared out between processes. The browser's run
# apart: its event loop would be in the way of all that follow.
REAL_HOSTS = ["-m", "lab and not e2e and not software"]
WHOLE_CONSOLE = ["-m", "e2e"]


def main() -> int:
    rest = sys.argv[1:]
    if os.environ.get("LAB", "1") == "0":
        print(
            "LAB=0: tests marked lab and e2e, and PostgreSQL with Redis, are left out.", flush=True
        )
        return run_lanes([[Part("SQLite", [*WITHOUT_LAB, *rest])]])
    if problem := _cannot():
        print(f"{problem}\nOr leave out what needs the lab: make test LAB=0", file=sys.stderr)
        return 1
    subprocess.run(["tests/lab/install"], check=True)
    with postgres(durable=False) as database_url, ExitStack() as servers:
        # What is published in a Redis is heard by all of its clients: one for each lane.
        redis_urls = [servers.enter_context(redis()) for _ in range(3)]
        common = {"DATABASE_URL": database_url, "HOSTILE": "few"}
        return run_lanes(lanes(rest, [{**common, "REDIS_URL": url} for url in redis_urls]))


def lanes(rest: list[str], second: list[dict[str, str]]) -> list[list[Part]]:
    """What computes, and beside it what mostly waits: for hosts, Engines and a browser."""
    again = [*AGAIN, *rest]
    return [
        [
            Part("SQLite", [*WITHOUT_LAB, *rest]),
            Part("PostgreSQL and Redis", [*WITHOUT_LAB, *again], second[0]),
        ],
        [
            Part("SQLite, real hosts", [*REAL_HOSTS, *rest]),
            Part("PostgreSQL and Redis, real hosts", [*REAL_HOSTS, *again], second[1]),
        ],
        [
            Part("SQLite, whole console", [*WHOLE_CONSOLE, *rest]),
            Part("PostgreSQL and Redis, whole console", [*WHOLE_CONSOLE, *again], second[2]),
        ],
    ]


def _cannot() -> str:
    """Why the lab cannot run here; empty when it can."""
    if os.geteuid() != 0:
        return "The tests marked lab and e2e start real hosts, which takes root."
    if not os.path.exists("/etc/debian_version"):  # noqa: PTH110
        return "The tests marked lab and e2e install what they need with apt: they take Debian."
    return ""


if __name__ == "__main__":
    sys.exit(main())
