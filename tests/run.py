"""All tests: first on SQLite, then what touches a database again on PostgreSQL and Redis.

LAB=0 leaves out what needs real hosts, Debian packages and root, and says so. Other arguments go
to pytest.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.databases import postgres, redis

# These know of no database: once is enough.
NO_DATABASE = [
    "--ignore=tests/provisioning/drivers",
    "--ignore=tests/lab",
    "--ignore=tests/static",
    "--ignore=tests/siteflow/supervisor",
    "--ignore-glob=tests/hostile/test_lab_*",
    "--ignore=tests/hostile/test_corpus.py",
    "--ignore=tests/hostile/test_verbs.py",
    "--ignore=tests/hostile/test_raw_headers.py",
]
SHARED = ["--numprocesses=auto", "--dist=loadfile"]
NONE_CHOSEN = 5  # pytest's code when the arguments leave no test


def main() -> int:
    rest = sys.argv[1:]
    if os.environ.get("LAB", "1") == "0":
        print(
            "LAB=0: tests marked lab and e2e, and PostgreSQL with Redis, are left out.", flush=True
        )
        return _pytest("SQLite", [*SHARED, "-m", "not lab and not e2e", *rest])
    if problem := _cannot():
        print(f"{problem}\nOr leave out what needs the lab: make test LAB=0", file=sys.stderr)
        return 1
    subprocess.run(["tests/lab/install"], check=True)
    failed = _both("SQLite", rest)
    with postgres() as database_url, redis() as redis_url:
        urls = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "HOSTILE": "few"}
        return _both("PostgreSQL and Redis", [*NO_DATABASE, *rest], **urls) or failed


def _both(what: str, arguments: list[str], **variables: str) -> int:
    """Real hosts are started once, so their tests are not shared out between processes.

    The browser's run apart: its event loop would be in the way of all that follow.
    """
    failed = _pytest(what, [*SHARED, "-m", "not lab and not e2e", *arguments], **variables)
    for words, chosen in (("real hosts", "lab and not e2e"), ("whole console", "e2e")):
        failed = _pytest(f"{what}, {words}", ["-m", chosen, *arguments], **variables) or failed
    return failed


def _pytest(what: str, arguments: list[str], **variables: str) -> int:
    print(f"\n===== tests on {what} =====", flush=True)
    argv = [sys.executable, "-m", "pytest", *arguments]
    code = subprocess.run(argv, env={**os.environ, **variables}, preexec_fn=_signals_act).returncode
    return 0 if code == NONE_CHOSEN else code


def _signals_act() -> None:
    """Tests send signals; started in the background or by nohup, we were told to ignore some."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _cannot() -> str:
    """Why the lab cannot run here; empty when it can."""
    if os.geteuid() != 0:
        return "The tests marked lab and e2e start real hosts, which takes root."
    if not os.path.exists("/etc/debian_version"):  # noqa: PTH110
        return "The tests marked lab and e2e install what they need with apt: they take Debian."
    return ""


if __name__ == "__main__":
    sys.exit(main())
