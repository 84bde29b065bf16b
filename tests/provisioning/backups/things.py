"""Rows of backups: a NAS, what lies there, and as if it had been looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from provisioning.backups.models import BackupSource, SiteBackup
from sites.models import Host, Site
from tests.provisioning.rows import make_host

TOP = "/volume1/backups"


def make_nas(name: str = "nas1", **values: Any) -> Host:
    told = {"connection": "ssh", "address": "192.0.2.9", "username": "backup",
            "host_key": "ssh-ed25519 AAAA", "state": "no_docker"}  # fmt: skip
    return make_host(name, **(told | values))


def make_source(nas: Host | None = None, *hosts: Host, **values: Any) -> BackupSource:
    now = timezone.now()
    told = {"root": TOP, "tried_at": now, "read_at": now, "due_at": now + timedelta(hours=1),
            "known_until": now + timedelta(hours=3)}  # fmt: skip
    row = BackupSource.objects.create(nas=nas or make_nas(), **(told | values))
    row.hosts.set(hosts)
    return row


def backed_up(site: Site, source: BackupSource, *, hours: float = 5, **values: Any) -> SiteBackup:
    """As if its newest backup, of 1 MB as usual, was made so many hours ago."""
    now = timezone.now()
    at, size = now - timedelta(hours=hours), values.get("newest_bytes", 1_000_000)
    kept = [
        {"name": f"{site.name}-{number}.tar.gz", "at": (at - timedelta(days=number)).isoformat(),
         "size": size if number == 0 else 1_000_000, "modified_s": 1_700_000_000 - number,
         "folder": False, "ahead": False}
        for number in range(3)
    ]  # fmt: skip
    told = {
        "read_at": now, "known_until": now + timedelta(hours=3), "count": 3, "newest_at": at,
        "newest_name": kept[0]["name"], "newest_bytes": size, "usual_bytes": 1_000_000,
        "kept": kept,
    }  # fmt: skip
    return SiteBackup.objects.create(site=site, source=source, **(told | values))
