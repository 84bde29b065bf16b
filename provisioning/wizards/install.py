"""The line a person pastes on the host to let SiteFlow in."""

from __future__ import annotations

import shlex


def install_line(public_key: str) -> str:
    """For the shell of the user who logs in; "" without a key. Safe to paste twice or anywhere."""
    if not public_key:
        return ""
    file = "~/.ssh/authorized_keys"
    key = shlex.quote(public_key)
    return f"(umask 077; mkdir -p ~/.ssh; grep -qsxF {key} {file} || echo {key} >> {file})"
