"""The forms for rules and for maintenance windows. They save nothing themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from monitoring.alerts.acts import MAX_WHY, Span
from monitoring.alerts.kinds import VALUES, Kind, Severity
from monitoring.alerts.models import Maintenance, Rule
from monitoring.alerts.rule_acts import MAX_S
from monitoring.alerts.scopes import SCOPES, named, words
from sites.rights import Viewer

_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false"}
_VALUE: Final = [
    (kind, [(f"{kind} {name}", f"{kind}: {one.words}{f' ({one.unit})' if one.unit else ''}")
            for name, one in several.items()])
    for kind, several in VALUES.items()
]  # fmt: skip
_COLUMNS: Final = ("name", "severity", "enabled", "for_s", "clear_for_s", "direction")
_WITH_LIMIT: Final = (Kind.THRESHOLD, Kind.DISK_FILLING)
_INPUT: Final = "%Y-%m-%dT%H:%M"


def _scope() -> forms.ChoiceField:
    return forms.ChoiceField(label="For", choices=SCOPES)


def _place(words_of_help: str = "") -> forms.CharField:
    return forms.CharField(
        label="Which one", required=False, max_length=400, widget=forms.TextInput(attrs=_PLAIN),
        help_text=words_of_help or "The host’s name, HOST/SITE, or the tag. Empty for everything.",
    )  # fmt: skip


def _number(label: str, help_text: str) -> forms.FloatField:
    attrs = {"step": "any"}
    return forms.FloatField(
        label=label, required=False, help_text=help_text, widget=forms.NumberInput(attrs=attrs)
    )


class RuleForm(forms.Form):
    """``values`` is what the acts take. Of a rule that is there, its kind stays what it is."""

    kind = forms.ChoiceField(label="Looks at", choices=Kind.choices)
    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs=_PLAIN))
    severity = forms.ChoiceField(
        label="Severity", choices=[(one.value, one.value) for one in Severity], initial="warning",
        help_text="Of certificates, the worst that it may become.",
    )  # fmt: skip
    enabled = forms.BooleanField(label="On", required=False, initial=True)
    for_s = forms.IntegerField(
        label="Told after", min_value=0, max_value=MAX_S, initial=60,
        help_text="Seconds it has to be so.",
    )  # fmt: skip
    clear_for_s = forms.IntegerField(
        label="Over after", min_value=0, max_value=MAX_S, initial=60,
        help_text="Seconds it has to be well; longer once it comes and goes.",
    )  # fmt: skip
    value = forms.ChoiceField(label="Value", choices=_VALUE, required=False)
    direction = forms.ChoiceField(
        label="Is", choices=[(one.value, one.value) for one in Rule.Direction], required=False
    )
    threshold = _number("Threshold", "Of a disk that fills up: hours until it is full.")
    clear_threshold = _number("Over once it is back at", "Empty: the threshold itself.")
    scope, place = _scope(), _place()

    def __init__(self, data: Any = None, *, row: Rule | None = None, user: Viewer) -> None:
        super().__init__(data, initial=_of_rule(row) if row else None)
        self.row, self._user = row, user
        kind = row.kind if row else None
        if row:
            del self.fields["kind"]
        if kind is not None and kind != Kind.THRESHOLD:
            del self.fields["value"], self.fields["direction"]
        if kind is not None and kind not in _WITH_LIMIT:
            del self.fields["threshold"], self.fields["clear_threshold"]

    def values(self) -> dict[str, Any]:
        """Raises BadParams for a place that is not there."""
        given = self.cleaned_data
        found = {name: given[name] for name in _COLUMNS if given.get(name) not in (None, "")}
        found["enabled"] = given["enabled"]
        if "kind" in given:
            found["kind"] = given["kind"]
        if "threshold" in given:
            found |= {name: given[name] for name in ("threshold", "clear_threshold")}
        if (given.get("kind") or getattr(self.row, "kind", "")) == Kind.THRESHOLD:
            found["of"], _, found["metric"] = given["value"].partition(" ")
        return found | named(given["scope"], given["place"], self._user)


def _of_rule(row: Rule) -> dict[str, Any]:
    scope, place = words(row)
    limits = ("threshold", "clear_threshold")
    told = {name: getattr(row, name) for name in (*_COLUMNS, *limits)}
    return {**told, "value": f"{row.of} {row.metric}", "scope": scope, "place": place}


class MaintenanceForm(forms.Form):
    """``span`` is what the acts take. Times are UTC, as whoever reads a log expects them."""

    scope, place = _scope(), _place()
    begins_at = forms.DateTimeField(
        label="From (UTC)", input_formats=[_INPUT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_INPUT),
    )  # fmt: skip
    ends_at = forms.DateTimeField(
        label="To (UTC)", input_formats=[_INPUT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_INPUT),
    )  # fmt: skip
    why = forms.CharField(
        label="Why", max_length=MAX_WHY, widget=forms.TextInput(attrs=_PLAIN),
        help_text="Whoever wonders why nobody was told reads this.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, row: Maintenance | None = None, user: Viewer) -> None:
        super().__init__(data, initial=_of_window(row) if row else _next_hours())
        self.row, self._user = row, user
        if row:
            del self.fields["scope"], self.fields["place"]

    def span(self) -> Span:
        """Raises BadParams for a place that is not there."""
        given, row = self.cleaned_data, self.row
        where: dict[str, Any] = {}
        if row is not None:
            where = {"host": row.host, "site": row.site, "tag": row.tag}
        else:
            where = named(given["scope"], given["place"], self._user)
        return Span(_utc(given["begins_at"]), _utc(given["ends_at"]), given["why"], **where)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def _of_window(row: Maintenance) -> dict[str, Any]:
    return {"begins_at": row.begins_at, "ends_at": row.ends_at, "why": row.why}


def _next_hours() -> dict[str, Any]:
    now = timezone.now()
    return {"begins_at": now, "ends_at": now + timedelta(hours=2)}
