"""What somebody should look at: the same rule for the overview, the lists and their filters."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from sites.models import Container, Host
from sites.models.host import stale_after

HOST_STATES = (
    Host.State.KEY_CHANGED,
    Host.State.UNREACHABLE,
    Host.State.NO_DOCKER,
    Host.State.KEY_UNAPPROVED,
    Host.State.NEW,
)


def out_of_sight(*, now: datetime | None = None) -> Q:
    """Hosts that are called reachable, but nobody has looked at them for too long."""
    limit = (now or timezone.now()) - stale_after()
    return Q(state=Host.State.REACHABLE, inventory_at__lt=limit)


def is_out_of_sight(row: Host, *, now: datetime | None = None) -> bool:
    limit = (now or timezone.now()) - stale_after()
    seen = row.inventory_at
    return row.state == Host.State.REACHABLE and seen is not None and seen < limit


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
