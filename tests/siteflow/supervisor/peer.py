"""A supervisor of shell commands: `peer FOLDER JSON`, where JSON has `roles` and options."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from siteflow.supervisor.address import Address
from siteflow.supervisor.canary import Canary
from siteflow.supervisor.lock import lock
from siteflow.supervisor.roles import Role
from siteflow.supervisor.supervisor import Supervisor


def main(folder: Path, options: dict[str, object]) -> int:
    commands, port, canary_s = options["roles"], options.get("port"), options.get("canary_s")
    assert isinstance(commands, dict)
    roles = [
        Role(name, ("sh", "-c", command), cwd=folder, grace_s=1.0)
        for name, command in commands.items()
    ]
    address = Address("127.0.0.1", port) if isinstance(port, int) else None
    canary = None
    if isinstance(canary_s, float):
        canary = Canary(folder / "alive", limit_s=canary_s, first_s=0.3)
    with lock(folder):
        return Supervisor(roles, address=address, canary=canary).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
