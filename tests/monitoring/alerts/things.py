"""An alert about a thing, as a turn writes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from monitoring.alerts.course import RANKS
from monitoring.alerts.models import Alert, Maintenance
from sites.models import Container, Host, Site


def make_alert(thing: Container | Host, **values: Any) -> Alert:
    now, is_host = timezone.now(), isinstance(thing, Host)
    kind = "host" if is_host else "container"
    host, site = (thing, None) if isinstance(thing, Host) else (thing.host, thing.site)
    given = {
        "kind": "host_unreachable" if is_host else "container_down",
        "rule_name": "Host unreachable" if is_host else "Container down",
        "severity": "critical",
        "state": "firing",
        "message": "It does not answer." if is_host else "It exited with code 137.",
        **values,
    }
    return Alert.objects.create(
        subject=f"{kind}:{thing.pk}", subject_type=kind, subject_id=thing.pk,
        subject_name=thing.name, host=host, host_name=host.name, site=site,
        site_name=site.name if site else "", rank=RANKS[given["severity"]], pending_at=now,
        firing_at=now, seen_at=now, **given,
    )  # fmt: skip


def make_window(site: Site | None = None, **values: Any) -> Maintenance:
    """Open for an hour, from now on."""
    now = timezone.now()
    given = {"begins_at": now, "ends_at": now + timedelta(hours=1), "why": "hidden", **values}
    return Maintenance.objects.create(site=site, created_by="hidden", **given)
