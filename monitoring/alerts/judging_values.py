"""Thresholds on what is measured, with hysteresis: passed here, left again only there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from monitoring.alerts.findings import Finding, Subject, bad, between, good, unknown
from monitoring.alerts.kinds import VALUES, Type
from monitoring.alerts.known import why_unknown
from monitoring.alerts.models import Rule
from monitoring.alerts.picture import ContainerSeen, DiskSeen, HostSeen, Picture, SiteSeen, Values
from sites.models import Container

_UNMEASURED: Final = "nothing was measured in the last minutes"
_HARDLY_USED: Final = 0.3  # of a disk: nobody is warned of one that is nearly empty
_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def threshold(rule: Rule, picture: Picture) -> Iterator[Finding]:
    if rule.of == "disk":
        for disk in picture.disks:
            yield _of_disk(rule, disk, picture)
    else:
        yield from _THINGS[rule.of](rule, picture)


def _of_hosts(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for host in picture.hosts.values():
        subject = Subject(f"host:{host.key}", Type.HOST, host.key, host.name, host.key)
        values = picture.values.get(("host", host.key))
        yield _judged(rule, subject, host_values(host, values) if values else None, host, picture)


def _of_sites(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for site in picture.sites.values():
        if site.live:
            yield _of_site(rule, site, picture)


def _of_site(rule: Rule, site: SiteSeen, picture: Picture) -> Finding:
    subject = Subject(f"site:{site.key}", Type.SITE, site.key, site.name, site.host, site.key)
    values = picture.values.get(("site", site.key))
    return _judged(rule, subject, values, picture.hosts.get(site.host), picture)


def _of_containers(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for one in picture.containers:
        site = picture.sites.get(one.site or 0)
        if site is None or site.live:
            yield _of_container(rule, one, picture)


def _of_container(rule: Rule, one: ContainerSeen, picture: Picture) -> Finding:
    subject = Subject(f"container:{one.key}", Type.CONTAINER, one.key, one.name, one.host, one.site)
    host = picture.hosts.get(one.host)
    at_rest = one.state not in (Container.State.RUNNING, Container.State.PAUSED)
    if at_rest and not why_unknown(host, picture):
        return good(subject, f"It is {one.state} and uses nothing.")
    values = picture.values.get(("container", one.key))
    return _judged(rule, subject, with_share(values) if values else None, host, picture)


_THINGS: Final = {"host": _of_hosts, "site": _of_sites, "container": _of_containers}


def _judged(
    rule: Rule, subject: Subject, values: Values | None, host: HostSeen | None, picture: Picture
) -> Finding:
    if why := why_unknown(host, picture):
        return unknown(subject, why)
    value = None if values is None else values.get(rule.metric)
    return unknown(subject, _UNMEASURED) if value is None else compared(rule, subject, value)


def _of_disk(rule: Rule, disk: DiskSeen, picture: Picture) -> Finding:
    subject, host = disk_subject(disk, picture), picture.hosts.get(disk.host)
    if not disk.known or not disk.total_bytes:
        return unknown(subject, why_unknown(host, picture) or _UNMEASURED)
    values = {
        "used_bytes": disk.used_bytes,
        "total_bytes": disk.total_bytes,
        "used_percent": disk.used_percent,
    }
    value = values.get(rule.metric)
    return unknown(subject, _UNMEASURED) if value is None else compared(rule, subject, value)


def disk_subject(disk: DiskSeen, picture: Picture) -> Subject:
    host = picture.hosts.get(disk.host)
    name = f"{host.name if host else '?'} {disk.mount}"
    return Subject(f"disk:{disk.host}:{disk.mount}", Type.DISK, disk.host, name, disk.host)


def host_values(host: HostSeen, values: Values) -> Values:
    found = dict(with_share(values))
    if host.cpus:
        if "cpu_percent" in values:
            found["cpu_total_percent"] = values["cpu_percent"] / host.cpus
        if "load5" in values:
            found["load5_per_cpu"] = values["load5"] / host.cpus
    return found


def with_share(values: Values) -> Values:
    """A container without a limit of its own has no share of it."""
    limit, used = values.get("memory_limit_bytes"), values.get("memory_bytes")
    if not limit or used is None:
        return values
    return {**values, "memory_percent": 100 * used / limit}


def compared(rule: Rule, subject: Subject, value: float) -> Finding:
    limit = rule.threshold if rule.threshold is not None else 0.0
    clear = rule.clear_threshold if rule.clear_threshold is not None else limit
    sign = 1 if rule.direction == Rule.Direction.ABOVE else -1
    shown = round(value, 3)
    words = f"{_what(rule)} is {told(rule, value)}, {rule.direction} {told(rule, limit)}."
    if sign * value > sign * limit:
        return bad(subject, words, value=shown)
    if sign * value > sign * clear:
        return between(subject, words, value=shown)
    return good(subject, f"{_what(rule)} is {told(rule, value)} again.", value=shown)


def _what(rule: Rule) -> str:
    words = VALUES.get(rule.of, {}).get(rule.metric)
    text = words.words if words else rule.metric
    return text[:1].upper() + text[1:]


def told(rule: Rule, value: float) -> str:
    found = VALUES.get(rule.of, {}).get(rule.metric)
    unit = found.unit if found else ""
    if unit.startswith("bytes"):
        return size(value) + unit.removeprefix("bytes")
    return f"{value:.1f}".removesuffix(".0") + (" " if unit not in ("", "%") else "") + unit


def size(value: float) -> str:
    power = 0
    while abs(value) >= 1024 and power < len(_BYTES) - 1:
        value, power = value / 1024, power + 1
    return f"{value:.1f} {_BYTES[power]}"


def disk_filling(rule: Rule, picture: Picture) -> Iterator[Finding]:
    """Full within so many hours, if it goes on as in the last one."""
    for disk in picture.disks:
        subject, host = disk_subject(disk, picture), picture.hosts.get(disk.host)
        before = disk.used_before_bytes
        if not disk.known or before is None or not disk.total_bytes:
            yield unknown(subject, why_unknown(host, picture) or "it was not measured an hour ago")
            continue
        yield _filling(rule, subject, disk, before)


def _filling(rule: Rule, subject: Subject, disk: DiskSeen, before: float) -> Finding:
    grown = disk.used_bytes - before
    left = disk.available_bytes
    if grown <= 0 or disk.used_bytes < _HARDLY_USED * disk.total_bytes:
        return good(subject, "It no longer grows.")
    hours, limit = left / grown, rule.threshold or 0.0
    clear = rule.clear_threshold if rule.clear_threshold is not None else limit
    words = (
        f"It grew by {size(grown)} in the last hour and has {size(left)} left: "
        f"full in {hours:.0f} h."
    )
    if hours < limit:
        return bad(subject, words, value=round(hours, 2))
    if hours < clear:
        return between(subject, words, value=round(hours, 2))
    return good(subject, "It grows more slowly.", value=round(hours, 2))
