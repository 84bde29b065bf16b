"""The line a person pastes on the host to let SiteFlow in."""

from __future__ import annotations

import shlex


def install_line(public_key: str) -> str:
    """For any POSIX shell of the user who logs in; "" without a key.

    It begins with a line feed, as the last line of the file may have none.
    """
    if not public_key:
        return ""
    line = shlex.quote(public_key)
    return f"(umask 077; mkdir -p ~/.ssh; printf '\\n%s\\n' {line} >> ~/.ssh/authorized_keys)"
