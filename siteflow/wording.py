"""How the console words states, times, sizes and ports. Pure functions; the tags use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

# Where the word people read is not the stored one.
WORDS = {
    "key_unapproved": "key to approve",
    "key_changed": "host key changed",
    "no_docker": "no Docker",
    "new": "not looked at yet",
    "working": "running",
}
# The state whose colour and icon a release's status has.
RELEASE_STATES = {"current": "running", "past": "exited", "prepared": "queued", "failed": "failed"}
SOURCES = {
    "event": "a Docker event",
    "read": "a full read of the host",
    "operation": "a read after an operation",
}
HOST_SOURCES = {"read": SOURCES["read"], "attempt": "the last attempt to reach it"}
# The state whose colour and icon a state of sites has, and the word for it.
SITE_LOOKS = {
    "running": ("running", "running"),
    "partial": ("warning", "in part"),
    "stopped": ("exited", "stopped"),
    "empty": ("exited", "no containers"),
    "draft": ("queued", "not provisioned"),
    "provisioning": ("working", "being provisioned"),
}
KEY_NAMES = {
    "ssh-ed25519": "ED25519",
    "ssh-rsa": "RSA",
    "ecdsa-sha2-nistp256": "ECDSA",
    "ecdsa-sha2-nistp384": "ECDSA",
    "ecdsa-sha2-nistp521": "ECDSA",
}
_STEPS = ((60, 1, "s"), (3600, 60, "min"), (48 * 3600, 3600, "h"), (730 * 86_400, 86_400, "d"))


def short_age(passed: timedelta) -> str:
    """ "2 s", "5 min", "3 h", "4 d": one number is enough to act on."""
    seconds = max(0, int(passed.total_seconds()))
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{seconds // unit} {name}"
    return f"{seconds // (365 * 86_400)} y"


def absolute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime, form: str = "") -> str:
    at, now = at.astimezone(UTC), timezone.now().astimezone(UTC)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    if at.year != now.year:
        return f"{at:%d %b %Y}"
    return f"{at:%d %b}" if form == "short" else f"{at:%d %b %H:%M}"


def took(milliseconds: float | None) -> str:
    """A duration as people say it: "350 ms", "4.2 s", "3 min 5 s"."""
    if milliseconds is None:
        return "–"
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(count: Any) -> str:
    """Bytes in the powers of 1024 that memory and disks are sold in: "7.6 GiB"."""
    if not isinstance(count, int | float):
        return "–"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            return (
                f"{amount:.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"
            )
        amount /= 1024
    raise AssertionError("the loop always returns")


def diff_kind(line: str) -> str:
    """What a line of a unified diff is."""
    if line.startswith(("--- ", "+++ ")):
        return "file"
    return {"@": "place", "+": "new", "-": "old"}.get(line[:1], "")


def port_text(port: dict[str, Any]) -> str:
    protocol = "" if port.get("protocol") == "tcp" else f"/{port.get('protocol')}"
    inner = f"{port.get('private')}{protocol}"
    if not port.get("public"):
        return inner
    address = port.get("address") or ""
    outer = "" if address in ("", "0.0.0.0", "::") else f"{address}:"  # noqa: S104  (compared only)
    return f"{outer}{port['public']}→{inner}"
