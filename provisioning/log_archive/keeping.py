"""The end of a container's log is kept before the container goes, within bounds for each site."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from provisioning.drivers import host_files
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.hostile import storable
from provisioning.log_archive.models import LogArchive
from provisioning.logs.reading import Asked, read_part
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import folder_of
from sites.models import Host, Site

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 1_000_000
MAX_PROXY_BYTES: Final = 200_000
MAX_DOMAINS: Final = 5
KEPT_OF_SITE: Final = 50
KEPT_BYTES_OF_SITE: Final = 20_000_000


class Tells(Protocol):
    """Of an operation under way, its row and its output."""

    row: Any

    def say(self, text: str, *, stream: str = "stdout") -> None: ...


def keep_logs(
    op: Tells, host: HostDriver, row: Host, site: Site | None,
    containers: Iterable[tuple[str, str]], *, release: int | None = None,
) -> None:  # fmt: skip
    """``containers``: ids and names. What cannot be kept is told; nothing fails for it."""
    about: dict[str, Any] = {
        "operation": op.row, "host": row, "site": site, "site_name": site.name if site else "",
        "release": release,
    }  # fmt: skip
    for docker_id, name in containers:
        try:
            _keep_container(host, docker_id, name, about)
        except (DriverError, DatabaseError) as error:
            if getattr(error, "code", "") != "not_found":
                op.say(f"The log of {name} is not kept: {_words(error)}", stream="stderr")
    if site is not None:
        _prune(site)


def keep_proxy_log(op: Tells, host: HostDriver, site: Site) -> None:
    """The end of what the host's proxy wrote of the site's requests, if it lies there."""
    row, proxy = site.host, Proxy.objects.filter(host=site.host).first()
    if proxy is None:
        return
    folder = "/var/log/caddy" if proxy.is_service else f"{folder_of(row)}/logs"
    for domain in list(site.domains.values_list("name", flat=True)[:MAX_DOMAINS]):
        about = {"operation": op.row, "host": row, "site": site, "site_name": site.name}
        try:
            path = f"{folder}/{domain}.log"
            data = host_files.read_end(host, path, max_bytes=MAX_PROXY_BYTES, sudo=row.sudo)
            _keep_text(LogArchive.Kind.PROXY, domain, "", data, about)
        except (DriverError, DatabaseError) as error:
            op.say(f"The proxy's log of {domain} is not kept: {_words(error)}", stream="stderr")


def _words(error: Exception) -> str:
    return error.message if isinstance(error, DriverError) else "our own database did not take it."


def _keep_container(host: HostDriver, docker_id: str, name: str, about: dict[str, Any]) -> None:
    part = read_part(host.docker, docker_id, Asked(tail=MAX_LINES))
    texts, size = [], 0
    for line in reversed(part.lines):
        text = f"{line.at} {line.stream} {storable(line.text, limit=len(line.text))}"
        size += len(text) + 1
        if size > MAX_BYTES:
            break
        texts.append(text)
    kept = part.lines[len(part.lines) - len(texts) :]
    if not kept:
        return
    _save(
        LogArchive.Kind.CONTAINER, name, docker_id, "\n".join(reversed(texts)), about,
        lines=len(texts), first_at=kept[0].at, last_at=kept[-1].at,
        is_whole=len(texts) == len(part.lines) and part.read < MAX_LINES,
    )  # fmt: skip


def _keep_text(
    kind: LogArchive.Kind, name: str, docker_id: str, data: bytes, about: dict[str, Any]
) -> None:
    text = storable(data.decode("utf-8", "replace"), limit=len(data))
    whole = len(data) < MAX_PROXY_BYTES
    lines = text.splitlines() if whole else text.splitlines()[1:]
    if lines:
        _save(kind, name, docker_id, "\n".join(lines), about, lines=len(lines), is_whole=whole)


def _save(
    kind: LogArchive.Kind, name: str, docker_id: str, text: str, about: dict[str, Any], **told: Any
) -> None:
    """A worker that takes over keeps what it finds in place of what the one before had."""
    row = LogArchive(
        kind=kind, name=name, docker_id=docker_id, created_at=timezone.now(), **about, **told
    )
    row.seal(text)
    with transaction.atomic():
        LogArchive.objects.filter(
            operation=about["operation"], kind=kind, name=name, docker_id=docker_id
        ).delete()
        row.save()


def _prune(site: Site) -> None:
    """The oldest go when there are more, or more bytes, than a site may have."""
    size = 0
    rows = LogArchive.objects.filter(site=site).order_by("-created_at", "-pk")
    gone: list[int] = []
    for number, (key, bytes_) in enumerate(rows.values_list("pk", "size_bytes"), start=1):
        size += bytes_
        if number > KEPT_OF_SITE or size > KEPT_BYTES_OF_SITE:
            gone.append(key)
    LogArchive.objects.filter(pk__in=gone).delete()


def forget_old() -> int:
    """Those that are older than LOG_ARCHIVE_DAYS; how many."""
    before = timezone.now() - timedelta(days=settings.LOG_ARCHIVE_DAYS)
    return LogArchive.objects.filter(created_at__lt=before).delete()[0]
