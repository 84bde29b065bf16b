"""`python -m siteflow.supervisor`; `manage.py serve` calls it with the settings' values."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from siteflow.supervisor import roles
from siteflow.supervisor.address import Address, AddressTaken
from siteflow.supervisor.canary import Canary
from siteflow.supervisor.lock import AlreadyServed, lock
from siteflow.supervisor.supervisor import Supervisor

NAMES: Final = ("web", "worker", "monitor")


def main(argv: Sequence[str] | None = None) -> int:
    """0 after an asked-for stop, 1 when it cannot start; argparse's 2 for a wrong call."""
    options = _parse(argv)
    try:
        with lock(options.data_dir, only=options.only):
            return _supervise(options)
    except (AlreadyServed, AddressTaken, OSError) as error:
        print(f"siteflow: {error}", file=sys.stderr)
        return 1


def _supervise(options: argparse.Namespace) -> int:
    names = options.only or NAMES
    address = Address(options.host, options.port) if "web" in names else None
    if address:
        address.check_free()
    alive = options.data_dir / "run" / "worker.alive"
    # Where others' workers or monitors take part, one machine's silence says nothing.
    watches = options.canary_s > 0 and not options.only
    canary = Canary(alive, limit_s=options.canary_s) if watches else None
    return Supervisor(_roles(names, options), address=address, canary=canary).run()


def _roles(names: Sequence[str], options: argparse.Namespace) -> list[roles.Role]:
    made = {
        "web": roles.web(host=options.host, port=options.port),
        "worker": roles.worker(grace_s=options.grace_s),
        "monitor": roles.monitor(),
    }
    return [made[name] for name in NAMES if name in names]


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="siteflow.supervisor", description=__doc__)
    parser.add_argument("--host", default=env("SITEFLOW_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=env("SITEFLOW_PORT", "8000"))
    parser.add_argument(
        "--data-dir", type=Path, default=env("SITEFLOW_DATA_DIR", str(roles.PROJECT / "var"))
    )
    parser.add_argument("--only", action="append", choices=NAMES, default=[])
    parser.add_argument("--canary-s", type=float, default=env("SITEFLOW_CANARY_S", "25"))
    parser.add_argument("--grace-s", type=float, default=env("SITEFLOW_STOP_GRACE_S", "10"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
