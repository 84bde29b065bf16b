"""What is known of the way to a host: written by whoever talked to it, told to whoever watches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning.drivers.errors import ADVICE, DriverError
from sites.fingerprint import fingerprint
from sites.live import publish
from sites.models import Host
from sites.schemas import host_out

_STATES = {
    "host_key_unknown": Host.State.KEY_UNAPPROVED,
    "host_key_changed": Host.State.KEY_CHANGED,
    "docker_missing": Host.State.NO_DOCKER,
    "docker_down": Host.State.NO_DOCKER,
    "docker_denied": Host.State.NO_DOCKER,
    "docker_error": Host.State.NO_DOCKER,
    "sudo_refused": Host.State.NO_DOCKER,
}


def reached(host: Host) -> None:
    """Host and Docker answered."""
    _write(host, Host.State.REACHABLE, error_code="", error="", advice="", offered_key="")


def failed(host: Host, error: DriverError) -> None:
    """Something on the way did not work; what was known of the host's children is now unknown."""
    state = _STATES.get(error.code, Host.State.UNREACHABLE)
    _write(host, state, error_code=error.code, error=error.message, advice=error.advice)


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
    """Updates what differs; the state's age starts again only when the state is another one."""
    values["state"] = state
    if all(getattr(host, name) == value for name, value in values.items()):
        return
    now = timezone.now()
    rows = Host.objects.filter(pk=host.pk, revision=host.revision)
    with transaction.atomic():
        rows.exclude(state=state).update(state_since=now)
        rows.update(**values, observed_at=now, version=F("version") + 1)
        publish_host(host.pk)
    host.refresh_from_db()


def looked_at(host: Host, at: datetime) -> None:
    """All containers were read at ``at``: one small write that keeps every row of it fresh."""
    Host.objects.filter(pk=host.pk).update(inventory_at=at, observed_at=at)
    was_fresh = host.inventory_at
    host.inventory_at = at
    if was_fresh is None:
        publish_host(host.pk)


def publish_host(key: int) -> None:
    transaction.on_commit(lambda: _publish_now(key))


def _publish_now(key: int) -> None:
    row = Host.objects.filter(pk=key).select_related("credential").first()
    items, removed = ([host_out(row)], []) if row else ([], [key])
    publish(["hosts"], {"type": "hosts.update", "items": items, "removed": removed})
