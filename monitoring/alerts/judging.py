"""What each kind of rule finds in a picture. Pure: rows are neither read nor written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from monitoring.alerts.findings import Finding, Subject, bad, between, good, unknown
from monitoring.alerts.judging_values import disk_filling, threshold
from monitoring.alerts.kinds import Kind, Severity, Type
from monitoring.alerts.known import OURS, is_told, jump_that_is_out, why_unknown
from monitoring.alerts.models import Rule
from monitoring.alerts.picture import CertificateSeen, ContainerSeen, HostSeen, Picture
from provisioning.backups.judging import State as Backup
from provisioning.certificates.judging import State as Certificate
from provisioning.certificates.judging import threshold_d
from sites.models import Container, Host

_State = Host.State
_UNSET: Final = frozenset({_State.SETUP_PENDING, _State.NEW, _State.KEY_UNAPPROVED})
RESTARTED_LATELY: Final = timedelta(seconds=60)
CALM_AFTER: Final = timedelta(minutes=10)
# A container that ended so long ago is no news: hosts are full of those when they are added.
_OLD: Final = timedelta(days=3)
# Days before a certificate's end → how bad that is; each is one step worse than the one before.
_STEPS: Final = {
    21: (1, Severity.INFO), 14: (2, Severity.INFO), 7: (3, Severity.WARNING),
    3: (4, Severity.CRITICAL), 1: (5, Severity.CRITICAL),
}  # fmt: skip
_BROKEN: Final = {
    Certificate.EXPIRED: (6, Severity.CRITICAL, "it has expired: browsers refuse it"),
    Certificate.NOT_YET: (6, Severity.CRITICAL, "it is not valid yet: browsers refuse it"),
    Certificate.WRONG_NAME: (6, Severity.CRITICAL, "it is for another name: browsers refuse it"),
    Certificate.DIFFERS: (3, Severity.WARNING, "another one is on disk than is served"),
}


def findings(rule: Rule, picture: Picture) -> Iterator[Finding]:
    """One for each thing in the rule's scope."""
    for finding in _JUDGES[Kind(rule.kind)](rule, picture):
        if in_scope(rule, finding.subject, picture):
            yield finding


def in_scope(rule: Rule, subject: Subject, picture: Picture) -> bool:
    if rule.host_id is not None:
        return subject.host == rule.host_id
    if rule.site_id is not None:
        return subject.site == rule.site_id
    return rule.tag_id is None or has_tag(rule.tag_id, subject, picture)


def has_tag(tag: int, subject: Subject, picture: Picture) -> bool:
    host = picture.hosts.get(subject.host or 0)
    site = picture.sites.get(subject.site or 0)
    return (host is not None and tag in host.tags) or (site is not None and tag in site.tags)


def _hosts(picture: Picture) -> Iterator[tuple[HostSeen, Subject]]:
    for host in picture.hosts.values():
        if host.state not in _UNSET:
            yield host, Subject(f"host:{host.key}", Type.HOST, host.key, host.name, host.key)


def _unreachable(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for host, subject in _hosts(picture):
        jump = jump_that_is_out(host, picture)
        if host.state in (_State.UNREACHABLE, _State.KEY_CHANGED):
            if host.error_code == OURS:
                yield unknown(subject, "SiteFlow itself failed while it looked at it")
            elif not is_told(host, picture):
                yield unknown(subject, "SiteFlow’s monitor has not looked at it since")
            elif jump is not None:
                yield unknown(subject, f"{jump.name}, through which it is reached, is unreachable")
            else:
                yield bad(subject, host.error or "It does not answer.")
        elif why := _unread(host, picture):
            yield unknown(subject, why)
        else:
            yield good(subject, "It answers again.")


def _docker_down(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for host, subject in _hosts(picture):
        if host.key in picture.busy_hosts:
            yield between(subject)
        elif host.state == _State.NO_DOCKER and host.inventory_at is None:
            yield between(subject)  # it never had one, as a NAS
        elif host.state == _State.NO_DOCKER and is_told(host, picture):
            yield bad(subject, host.error or "Docker does not answer.")
        elif why := why_unknown(host, picture):
            yield unknown(subject, why)
        else:
            yield good(subject, "Docker answers again.")


def _unread(host: HostSeen, picture: Picture) -> str:
    """A host without Docker answers all the same."""
    if host.state == _State.NO_DOCKER and is_told(host, picture):
        return ""
    return why_unknown(host, picture)


def _containers(picture: Picture) -> Iterator[tuple[ContainerSeen, Subject, Finding | None]]:
    """Each with what is said of it before its state is even looked at."""
    why = {key: why_unknown(host, picture) for key, host in picture.hosts.items()}
    for one in picture.containers:
        site = picture.sites.get(one.site or 0)
        if site is not None and not site.live:
            continue
        subject = Subject(
            f"container:{one.key}", Type.CONTAINER, one.key, one.name, one.host, one.site
        )
        reason = why.get(one.host, "its host is gone")
        first = unknown(subject, reason) if reason else None
        if first is None and (one.site in picture.busy_sites or one.key in picture.busy_containers):
            first = between(subject, "an operation is working on it")
        yield one, subject, first


def _container_down(rule: Rule, picture: Picture) -> Iterator[Finding]:
    down = (Container.State.EXITED, Container.State.DEAD)
    for one, subject, first in _containers(picture):
        if first is not None:
            yield first
        elif one.state not in down or (one.state == Container.State.EXITED and not one.exit_code):
            yield good(subject, f"It is {one.state}.")
        elif one.key in picture.stopped:
            yield good(subject, "It was stopped on purpose.")
        elif picture.now - (one.finished_at or one.state_since) > _OLD:
            yield between(subject)  # nobody is alarmed by what lies there; what fires, fires on
        elif one.state == Container.State.DEAD:
            yield bad(subject, "Docker calls it dead: it could not be removed.")
        else:
            yield bad(subject, f"It exited with code {one.exit_code}.", value=one.exit_code)


def _container_unhealthy(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for one, subject, first in _containers(picture):
        if first is not None:
            yield first
        elif one.state == Container.State.RUNNING and one.health == "unhealthy":
            yield bad(subject, "Its own health check fails.")
        elif one.state == Container.State.RUNNING and one.health == "starting":
            yield between(subject)
        else:
            yield good(subject, f"It is {one.health or one.state}.")


def _container_restarting(rule: Rule, picture: Picture) -> Iterator[Finding]:
    """Docker restarts it again and again: it runs for a moment now and then, which is not well."""
    for one, subject, first in _containers(picture):
        if first is not None:
            yield first
            continue
        ran = picture.now - one.started_at if one.started_at else CALM_AFTER
        looping = one.restart_count > 0 and one.state == Container.State.RUNNING
        if one.state == Container.State.RESTARTING or (looping and ran < RESTARTED_LATELY):
            words = f"Docker has restarted it {one.restart_count} times."
            yield bad(subject, words, value=one.restart_count)
        elif looping and ran < CALM_AFTER:
            yield between(subject, value=one.restart_count)
        else:
            yield good(subject, f"It is {one.state}.")


def _site_down(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for key, probe in picture.probes.items():
        site = picture.sites.get(key)
        if site is None or not site.live:
            continue
        subject = Subject(f"site:{key}", Type.SITE, key, site.name, site.host, key)
        if why := why_unknown(picture.hosts.get(site.host), picture):
            yield unknown(subject, why)
        elif probe.answered is None:
            yield unknown(subject, probe.words or "its host could not be asked")
        elif key in picture.busy_sites or site.host in picture.busy_hosts:
            yield between(subject, "an operation is working on it")
        elif probe.answered:
            yield good(subject, f"{probe.url} answers.")
        else:
            yield bad(subject, f"{probe.url}: {probe.words}")


def _certificate(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for one in picture.certificates:
        subject = Subject(f"domain:{one.key}", Type.DOMAIN, one.key, one.name, one.host, one.site)
        if one.state == Certificate.OFF:
            continue
        if one.state in (Certificate.UNKNOWN, Certificate.NO_ANSWER):
            reason = why_unknown(picture.hosts.get(one.host), picture)
            yield unknown(subject, reason or "nobody answers there with a certificate")
        else:
            yield _of_certificate(subject, one, picture)


def _of_certificate(subject: Subject, one: CertificateSeen, picture: Picture) -> Finding:
    begins, ends = one.not_before, one.not_after
    days = None if ends is None else (ends - picture.now) / timedelta(days=1)
    if broken := _BROKEN.get(Certificate(one.state)):
        step, severity, words = broken
        return _rising(bad(subject, f"{one.name}: {words}.", value=days), step, severity)
    if begins is None or ends is None:
        return unknown(subject, "nobody has looked at it yet")
    passed = threshold_d(begins, ends, now=picture.now)
    if passed is None or days is None:
        return good(subject, "It was renewed.", value=days)
    words = f"It ends in {days:.1f} days ({ends:%Y-%m-%d %H:%M} UTC) and was not renewed yet."
    return _rising(bad(subject, words, value=round(days, 2)), *_STEPS[passed])


def _rising(finding: Finding, step: int, severity: str) -> Finding:
    return Finding(
        finding.subject, finding.verdict, finding.words, finding.value, step=step,
        severity=severity,
    )  # fmt: skip


def _backup_stale(rule: Rule, picture: Picture) -> Iterator[Finding]:
    yield from _of_backups(picture, {Backup.STALE, Backup.MISSING})


def _backup_shrunken(rule: Rule, picture: Picture) -> Iterator[Finding]:
    yield from _of_backups(picture, {Backup.SHRUNKEN})


def _of_backups(picture: Picture, wrong: set[Backup]) -> Iterator[Finding]:
    for one in picture.backups:
        site = picture.sites.get(one.site)
        if site is None or not site.live:
            continue
        subject = Subject(f"site:{one.site}", Type.SITE, one.site, site.name, site.host, one.site)
        if one.state in wrong:
            yield bad(subject, one.words)
        elif one.state == Backup.UNKNOWN:
            yield unknown(subject, one.words)
        elif one.state == Backup.FRESH:
            yield good(subject, "There is a new one.")
        else:
            yield between(subject)


def _nas_unreadable(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for one in picture.nas:
        subject = Subject(f"nas:{one.key}", Type.HOST, one.host, one.name, one.host)
        if not one.known or one.ours:
            yield unknown(subject, "nobody has looked at it since")
        elif one.trouble:
            yield bad(subject, f"It cannot be read: {one.trouble}.")
        else:
            yield good(subject, "It can be read again.")


def _operation_failed(rule: Rule, picture: Picture) -> Iterator[Finding]:
    for one in picture.failed:
        name = f"{one.kind} {one.target_name}"
        subject = Subject(one.subject, Type.OPERATION, one.key, name, one.host, one.site)
        yield bad(subject, one.message or "It did not succeed.")


_JUDGES: Final[dict[Kind, Callable[[Rule, Picture], Iterator[Finding]]]] = {
    Kind.HOST_UNREACHABLE: _unreachable,
    Kind.DOCKER_DOWN: _docker_down,
    Kind.CONTAINER_DOWN: _container_down,
    Kind.CONTAINER_UNHEALTHY: _container_unhealthy,
    Kind.CONTAINER_RESTARTING: _container_restarting,
    Kind.SITE_DOWN: _site_down,
    Kind.CERTIFICATE: _certificate,
    Kind.BACKUP_STALE: _backup_stale,
    Kind.BACKUP_SHRUNKEN: _backup_shrunken,
    Kind.NAS_UNREADABLE: _nas_unreadable,
    Kind.OPERATION_FAILED: _operation_failed,
    Kind.THRESHOLD: threshold,
    Kind.DISK_FILLING: disk_filling,
}
