"""Whether a host's things can be seen at all, purely: what is unknown is neither bad nor good."""

from __future__ import annotations

from monitoring.alerts.picture import HostSeen, Picture
from sites.models.host import Host

_State = Host.State
OURS = "internal_error"  # a mistake of SiteFlow's own, which says nothing of a host
NOT_WATCHED = "SiteFlow’s monitor has not looked at it since"


def why_unknown(host: HostSeen | None, picture: Picture) -> str:
    """Why nothing is known of what is on the host; empty when it is."""
    if host is None:
        return NOT_WATCHED
    if is_out(host, picture):
        return f"{host.name} is unreachable"
    if host.state == _State.NO_DOCKER and is_told(host, picture):
        return f"Docker on {host.name} does not answer"
    if not host.fresh or is_before(host, picture):
        return f"SiteFlow’s monitor has not read {host.name} since"
    return ""


def is_told(host: HostSeen, picture: Picture) -> bool:
    """Whether what its row says of the way to it comes from somebody who looks at it now."""
    if not host.watched or host.error_code == OURS:
        return False
    since, settled = host.state_since, picture.settled_since
    return settled is None or (since is not None and since >= settled)


def is_out(host: HostSeen, picture: Picture) -> bool:
    bad = host.state in (_State.UNREACHABLE, _State.KEY_CHANGED)
    return bad and is_told(host, picture)


def is_before(host: HostSeen, picture: Picture) -> bool:
    """Whether it was last read before somebody began to judge again."""
    settled, read = picture.settled_since, host.inventory_at
    return settled is not None and (read is None or read < settled)


def jump_that_is_out(host: HostSeen, picture: Picture) -> HostSeen | None:
    """The nearest host on the way that is out itself: one outage, not one for each behind it."""
    passed: set[int] = set()
    key = host.via
    while key is not None and key not in passed:
        passed.add(key)
        jump = picture.hosts.get(key)
        if jump is None:
            return None
        if is_out(jump, picture):
            return jump
        key = jump.via
    return None
