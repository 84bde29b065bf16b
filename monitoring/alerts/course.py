"""One turn's changes to alerts, in memory: what is new, what changed, what is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from monitoring.alerts.findings import Finding, Subject, Verdict, good, unknown
from monitoring.alerts.judging import findings
from monitoring.alerts.kinds import Kind, Severity, Type
from monitoring.alerts.models import Alert, AlertEvent, Rule
from monitoring.alerts.picture import Picture
from monitoring.alerts.states import DROPPED, FLAP_WINDOW, Course, Timing, step

RANKS: Final[dict[str, int]] = {value: rank for rank, value in enumerate(Severity)}
_QUIET: Final = timedelta(seconds=30)  # between writes of what only became another number
# A disk that nobody mounts again is forgotten after this.
_GONE_AFTER: Final = timedelta(hours=24)
_RULE_GONE: Final = "Its rule was removed, switched off or changed."
_THING_GONE: Final = "It is no longer there."
_OPERATION_GONE: Final = "It has succeeded since, or was a day ago."
_State = Alert.State


class Before(NamedTuple):
    """What is left of the last alert of a rule on a thing."""

    flaps: int
    resolved_at: datetime | None
    muted_until: datetime | None
    muted_by: str

    def flaps_now(self, now: datetime) -> int:
        recent = self.resolved_at is not None and now - self.resolved_at <= FLAP_WINDOW
        return self.flaps + 1 if recent else 0


@dataclass
class Changes:
    """``loud``: what whoever watches has to hear of."""

    new: list[Alert] = field(default_factory=list)
    changed: list[Alert] = field(default_factory=list)
    dropped: list[Alert] = field(default_factory=list)
    fired: list[Alert] = field(default_factory=list)
    resolved: list[Alert] = field(default_factory=list)
    loud: list[Alert] = field(default_factory=list)
    events: list[AlertEvent] = field(default_factory=list)
    firing: list[Alert] = field(default_factory=list)

    def note(self, alert: Alert, at: datetime, what: str, text: str = "") -> None:
        self.events.append(AlertEvent(alert=alert, at=at, what=what, text=text))


class Judge:
    """``open_ones`` are the rows of all open alerts, which are changed but not saved here."""

    def __init__(
        self,
        picture: Picture,
        open_ones: list[Alert],
        before: Mapping[tuple[int, str], Before],
        *,
        resumed_at: datetime | None,
    ) -> None:
        self._picture = picture
        self._open = {(one.rule_id, one.subject): one for one in open_ones}
        self._before = before
        self._resumed_at = resumed_at
        self.changes = Changes()

    def judge(self, rules: list[Rule]) -> Changes:
        for rule in rules:
            for finding in findings(rule, self._picture):
                was = self._open.pop((rule.pk, finding.subject.key), None)
                if was is not None or finding.verdict == Verdict.BAD:
                    self._one(rule, was, finding)
        known = {rule.pk: rule for rule in rules}
        for was in self._open.values():
            lost = known.get(was.rule_id or 0)
            self._one(lost, was, _of_missing(was, lost, self._picture))
        return self.changes

    def _one(self, rule: Rule | None, was: Alert | None, finding: Finding) -> None:
        now = self._picture.now
        timing = Timing(rule.for_s, rule.clear_for_s) if rule else Timing(0, 0)
        before = self._before.get((rule.pk, finding.subject.key)) if rule and not was else None
        course = step(
            _course(was) if was else None, finding, timing, now=now, resumed_at=self._resumed_at,
            flaps=before.flaps_now(now) if before else 0,
        )  # fmt: skip
        if course is None:
            return
        if course.state == DROPPED:
            if was is not None:
                self.changes.dropped.append(was)
            return
        alert = was or _new(rule, finding.subject, before, self._picture)
        self._apply(alert, rule, course, finding, is_new=was is None)

    def _apply(
        self, alert: Alert, rule: Rule | None, course: Course, finding: Finding, *, is_new: bool
    ) -> None:
        now, was = self._picture.now, _course(alert)
        loud = is_new or (was.state, bool(was.unseen_since)) != (
            course.state, bool(course.unseen_since)
        )  # fmt: skip
        for name in _COURSE:
            setattr(alert, name, getattr(course, name))
        because = finding.words if course.unseen_since else ""
        loud |= because != alert.unseen_because
        alert.unseen_because = because
        loud |= self._say(alert, rule, finding, now, force=is_new or loud)
        self._note(alert, was, course, finding, is_new=is_new)
        if is_new:
            self.changes.new.append(alert)
        elif loud or was != course:
            self.changes.changed.append(alert)
        if loud:
            alert.version += 0 if is_new else 1
            self.changes.loud.append(alert)

    def _say(
        self, alert: Alert, rule: Rule | None, finding: Finding, now: datetime, *, force: bool
    ) -> bool:
        """What is wrong now, in words. Whether it is news."""
        if finding.verdict == Verdict.UNKNOWN:
            return False
        worse = finding.verdict == Verdict.BAD and self._severity(alert, rule, finding, now)
        if not force and not worse and now - alert.seen_at < _QUIET:
            return False
        alert.seen_at = now
        if finding.verdict == Verdict.BAD:
            alert.message, alert.value = finding.words, finding.value
        return True

    def _severity(self, alert: Alert, rule: Rule | None, finding: Finding, now: datetime) -> bool:
        if rule is None:
            return False
        severity = _capped(finding.severity, rule.severity)
        changed = (alert.severity, alert.step) != (severity, finding.step)
        if changed and alert.pk and alert.state == _State.FIRING:
            self.changes.note(alert, now, "severity", f"{severity}: {finding.words}")
        alert.severity, alert.rank, alert.step = severity, RANKS[severity], finding.step
        alert.subject_id = finding.subject.id
        return changed

    def _note(
        self, alert: Alert, was: Course, course: Course, finding: Finding, *, is_new: bool
    ) -> None:
        now = self._picture.now
        if is_new:
            self.changes.note(alert, now, "pending", finding.words)
        if course.state == _State.FIRING:
            self.changes.firing.append(alert)
            if is_new or was.state == _State.PENDING:
                self.changes.note(alert, now, "firing", finding.words)
                self.changes.fired.append(alert)
        elif course.state == _State.RESOLVED:
            self.changes.note(alert, now, "resolved", finding.words)
            self.changes.resolved.append(alert)


_COURSE: Final = (
    "state", "pending_at", "firing_at", "resolved_at", "clear_since", "unseen_since", "flaps",
)  # fmt: skip


def _course(alert: Alert) -> Course:
    return Course(**{name: getattr(alert, name) for name in _COURSE})


def _capped(wanted: str, most: str) -> str:
    """The rule's severity; of what gets worse by itself, it is the worst it can become."""
    return max(wanted or most, most, key=lambda one: RANKS[one])


def _new(rule: Rule | None, subject: Subject, before: Before | None, picture: Picture) -> Alert:
    assert rule is not None  # noqa: S101 - only alerts that are there lack theirs
    host, site = picture.hosts.get(subject.host or 0), picture.sites.get(subject.site or 0)
    muted = before.muted_until if before else None
    keeps: dict[str, Any] = {}
    if before and muted is not None and muted > picture.now:
        keeps = {"muted_until": muted, "muted_by": before.muted_by}
    return Alert(
        rule=rule,
        rule_name=rule.name,
        kind=rule.kind,
        severity=rule.severity,
        rank=RANKS[rule.severity],
        subject=subject.key,
        subject_type=subject.type,
        subject_id=subject.id,
        subject_name=subject.name[:320],
        host_id=subject.host,
        host_name=host.name if host else "",
        site_id=subject.site,
        site_name=site.name if site else "",
        state=_State.PENDING,
        pending_at=picture.now,
        seen_at=picture.now,
        **keeps,
    )


def _of_missing(was: Alert, rule: Rule | None, picture: Picture) -> Finding:
    """Of an open alert that no rule says anything of any more."""
    subject = Subject(
        was.subject, Type(was.subject_type), was.subject_id, was.subject_name, was.host_id,
        was.site_id,
    )  # fmt: skip
    if rule is None:
        return _over(subject, _RULE_GONE)
    if was.kind == Kind.OPERATION_FAILED:
        return _over(subject, _OPERATION_GONE)
    lost_for = picture.now - (was.unseen_since or picture.now)
    is_disk = was.subject_type == Type.DISK and was.host_id in picture.hosts
    if is_disk and lost_for < _GONE_AFTER:
        return unknown(subject, "its host no longer names it among its disks")
    return _over(subject, _THING_GONE)


def _over(subject: Subject, words: str) -> Finding:
    found = good(subject, words)
    return Finding(found.subject, found.verdict, words, final=True)
