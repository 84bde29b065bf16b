"""What somebody should look at: the same rule for the overview, the lists and their filters."""

from __future__ import annotations

from django.db.models import Q

from sites.models import Container, Host

HOST_STATES = (
    Host.State.KEY_CHANGED,
    Host.State.UNREACHABLE,
    Host.State.NO_DOCKER,
    Host.State.KEY_UNAPPROVED,
    Host.State.NEW,
)


def containers_in_need() -> Q:
    """For rows with ``live_state``: unhealthy, restarting, dead, or ended with an error."""
    ended = Q(live_state=Container.State.EXITED) & Q(exit_code__isnull=False) & ~Q(exit_code=0)
    ill = Q(live_state=Container.State.RUNNING, health="unhealthy")
    return ended | ill | Q(live_state__in=(Container.State.RESTARTING, Container.State.DEAD))


def why(state: str, health: str, exit_code: int | None) -> str:
    """In a word or two, why a container needs a look; "" when it does not."""
    if state == Container.State.EXITED and exit_code:
        return f"exited with code {exit_code}"
    if state in (Container.State.RESTARTING, Container.State.DEAD):
        return state
    return "unhealthy" if state == Container.State.RUNNING and health == "unhealthy" else ""
