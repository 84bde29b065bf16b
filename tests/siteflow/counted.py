"""The supervisor, with a web process that tells what its sockets leave (see `broken_app.py`)."""

from __future__ import annotations

import sys
from dataclasses import replace

from siteflow.supervisor import roles
from siteflow.supervisor.__main__ import main

_web = roles.web


def counted(*, host: str, port: int) -> roles.Role:
    role = _web(host=host, port=port)
    return replace(role, argv=(*role.argv[:-1], "tests.siteflow.broken_app:application"))


if __name__ == "__main__":
    roles.web = counted
    sys.exit(main([]))
