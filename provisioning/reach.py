"""What is known of the way to a host: written by whoever talked to it, told to whoever watches.

Whoever talked to an outdated address or with an outdated key (another ``revision``) writes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning.drivers.errors import ADVICE, DriverError
from sites.fingerprint import fingerprint
from sites.live import Scope, publish
from sites.models import Host
from sites.schemas import host_is_fresh, host_out

_STATES = {
    "host_key_unknown": Host.State.KEY_UNAPPROVED,
    "host_key_changed": Host.State.KEY_CHANGED,
    "docker_missing": Host.State.NO_DOCKER,
    "docker_down": Host.State.NO_DOCKER,
    "docker_denied": Host.State.NO_DOCKER,
    "docker_error": Host.State.NO_DOCKER,
    "no_shell": Host.State.NO_DOCKER,  # lets in and runs nothing, as many a NAS does
    "sudo_refused": Host.State.NO_DOCKER,
}


def reached(host: Host, *, but: DriverError | None = None) -> None:
    """Host and Docker answered. ``but`` is what part of the answers could not be used."""
    code, words, advice = (but.code, but.message, but.advice) if but else ("", "", "")
    _write(host, Host.State.REACHABLE, error_code=code, error=words, advice=advice, offered_key="")


def failed(host: Host, error: DriverError, *, state: Host.State | None = None) -> None:
    """Something on the way did not work; what was known of the host's children is now unknown.

    ``state`` is given when the caller knows more than the error's code tells.
    """
    state = state or _STATES.get(error.code, Host.State.UNREACHABLE)
    _write(host, state, error_code=error.code, error=error.message, advice=error.advice)


def unwatched(host: Host) -> None:
    """SiteFlow itself failed while it looked at the host, so nothing is known of it now."""
    _write(
        host,
        Host.State.UNREACHABLE,
        error_code="internal_error",
        error=f"SiteFlow itself failed while it looked at {host.name}. "
        "This says nothing about the host.",
        advice="The monitor's log has the details; it tries again by itself.",
    )


def offered(host: Host, public_line: str) -> Host.State:
    """The key the host shows on the wire; says what that means. Approved again → looked at anew."""
    if public_line == host.host_key:
        _write(host, Host.State.NEW, error_code="", error="", advice="", offered_key="")
        return Host.State.NEW
    state = Host.State.KEY_CHANGED if host.host_key else Host.State.KEY_UNAPPROVED
    code = "host_key_changed" if host.host_key else "host_key_unknown"
    shown = fingerprint(public_line)
    message = (
        f"{host.name} shows another host key ({shown}) than the approved one "
        f"({host.host_key_fingerprint}); nothing is sent to it."
        if host.host_key
        else f"{host.name} shows the host key {shown}, which nobody has approved yet."
    )
    _write(
        host, state, error_code=code, error=message, advice=ADVICE[code], offered_key=public_line
    )
    return state


def _write(host: Host, state: Host.State, **values: Any) -> None:
    """Updates what differs; the state's age starts again only when the state is another one.

    A host that is being set up stays so until it is confirmed, whatever its tests find.
    """
    values["state"] = state = Host.State.SETUP_PENDING if host.is_pending else state
    if all(getattr(host, name) == value for name, value in values.items()):
        return
    now = timezone.now()
    if state != Host.State.UNREACHABLE:
        values["observed_at"] = now
    was = host.state
    rows = Host.objects.filter(pk=host.pk, revision=host.revision)
    with transaction.atomic():
        if rows.exclude(state=state).update(state_since=now):
            values["state_since"] = now
        if not rows.update(**values, version=F("version") + 1):
            return
        for name, value in values.items():
            setattr(host, name, value)
        publish_host(host.pk)
        if was != state and (was == Host.State.REACHABLE or host_is_fresh(host)):
            publish_freshness(host)


def looked_at(host: Host, at: datetime) -> bool:
    """All containers were read at ``at``: one small write that keeps every row of it fresh.

    False when the row is no longer as ``host`` says: removed, reached another way by now, or
    called unreachable by somebody else.
    """
    was_fresh = host_is_fresh(host)
    rows = Host.objects.filter(pk=host.pk, revision=host.revision, state=Host.State.REACHABLE)
    if not rows.update(inventory_at=at, observed_at=at):
        return False
    host.inventory_at = host.observed_at = at
    message = {"type": "hosts.seen", "host": host.pk, "at": at}
    _publish_to_who_sees_any(host, ["hosts", "graph", *_topics(host.pk)], message)
    if not was_fresh:
        publish_host(host.pk)
        publish_freshness(host)
    return True


def publish_freshness(host: Host) -> None:
    """Tells since when all that was known of the host's containers is unknown; null: no more."""
    fresh = host_is_fresh(host)
    message = {
        "type": "containers.update",
        "host": host.pk,
        "items": [],
        "removed": [],
        "unknown_since": None if fresh else (host.inventory_at or host.state_since),
    }
    _publish_to_who_sees_any(host, _topics(host.pk), message)


def _publish_to_who_sees_any(host: Host, topics: list[str], message: dict[str, Any]) -> None:
    scope: Scope = {"permission": "sites.view_container", "near": host.pk}
    transaction.on_commit(lambda: publish(topics, message, scope=scope))


def _topics(key: int) -> list[str]:
    return ["containers", f"containers.{key}"]


def publish_host(key: int) -> None:
    transaction.on_commit(lambda: _publish_now(key))


def _publish_now(key: int) -> None:
    row = Host.objects.filter(pk=key).select_related("credential").first()
    items, removed = ([host_out(row)], []) if row else ([], [key])
    publish(
        ["hosts"],
        {"type": "hosts.update", "items": items, "removed": removed},
        scope={"permission": "sites.view_host", "host": key},
    )
