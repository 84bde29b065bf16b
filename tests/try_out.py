"""`make lab`: the lab's hosts registered in a running console, until Ctrl-C. To look at and try."""

from __future__ import annotations

import secrets
import signal
import sys
from contextlib import suppress
from typing import Any

from tests.lab import Lab
from tests.lab.__main__ import FAULTS
from tests.stack import add_lab_host, stack


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    password = secrets.token_urlsafe(9)
    with suppress(KeyboardInterrupt):
        print("Starting two hosts with sshd and Docker Engine …", flush=True)
        with Lab.start() as lab, stack(SITEFLOW_ADMIN_PASSWORD=password) as running:
            add_lab_host(running, lab.web1)
            add_lab_host(running, lab.web2, sudo=True)
            print(_words(running.url, password), flush=True)
            signal.pause()
    return 0


def _words(url: str, password: str) -> str:
    return f"""
  {url}/
    user:     admin
    password: {password}

  web1 is reached as root, web2 as a user with sudo. To see what SiteFlow says of a fault:
    python -m tests.lab fault web1 {"|".join(FAULTS)}
  Ctrl-C stops it all and leaves nothing behind.
"""


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
