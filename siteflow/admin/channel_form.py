"""The form for a channel. Its address is written here and never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from monitoring.notify.models import Channel, Severity
from monitoring.notify.wanted import Wanted
from sites.admin.host_form import secret_field
from sites.models import Host, Site, Tag

if TYPE_CHECKING:  # generic to the type checker only
    _SiteChoice = forms.ModelChoiceField[Site]
else:
    _SiteChoice = forms.ModelChoiceField

_SCOPES: Final = (
    (Channel.Scope.EVERYTHING, "Everything"),
    (Channel.Scope.HOST, "One host and what is on it"),
    (Channel.Scope.SITE, "One site"),
    (Channel.Scope.TAG, "What carries a tag"),
)
_SEVERITIES: Final = (
    (Severity.CRITICAL, "critical only"),
    (Severity.WARNING, "warnings and critical"),
    (Severity.INFO, "all, information too"),
)


class _SiteField(_SiteChoice):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} on {obj.host.name}"


class ChannelForm(forms.Form):
    """``wanted`` is what the act takes. The form itself saves nothing."""

    name = forms.CharField(max_length=100, label="Name", help_text="As people call it: ops, night.")
    url = secret_field("Address", autocomplete="off")
    min_severity = forms.ChoiceField(
        choices=_SEVERITIES, initial=Severity.WARNING, label="Least severity"
    )
    scope = forms.ChoiceField(
        choices=_SCOPES, initial=Channel.Scope.EVERYTHING, label="Tells of",
        widget=forms.RadioSelect,
    )  # fmt: skip
    host = forms.ModelChoiceField(Host.objects.none(), required=False, label="Host")
    site = _SiteField(Site.objects.none(), required=False, label="Site")
    tag = forms.ModelChoiceField(Tag.objects.none(), required=False, label="Tag")
    resolved = forms.BooleanField(
        required=False, initial=True, label="Also tell what is over",
        help_text="When an alert has resolved by itself.",
    )  # fmt: skip
    enabled = forms.BooleanField(
        required=False, initial=True, label="On",
        help_text="Off, it is told nothing, not even later.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, row: Channel | None = None) -> None:
        super().__init__(data, initial=_initial(row) if row else None)
        self.row = row
        url = self.fields["url"]
        assert isinstance(url, forms.CharField)  # noqa: S101  (for the type checker)
        url.required, url.max_length = row is None, 2000
        url.help_text = "It is stored encrypted and never shown again."
        if row is not None:
            url.help_text = f"Now {row.hint} – left empty, it stays as it is."
        self._offer("host", Host.objects.order_by("name"))
        self._offer("site", Site.objects.select_related("host").order_by("name", "pk"))
        self._offer("tag", Tag.objects.order_by("name"))

    def _offer(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  (for the type checker)
        field.queryset, field.empty_label = rows, "choose one"

    def wanted(self) -> Wanted:
        """Only the thing of the chosen scope; others may have been chosen before."""
        given = self.cleaned_data
        things = {name: given[name] for name in ("host", "site", "tag") if name == given["scope"]}
        keys = {name: thing.pk if thing else None for name, thing in things.items()}
        plain = {name: given[name] for name in _PLAIN}
        return Wanted(**plain, **keys, url=given["url"] or None)


_PLAIN: Final = ("name", "min_severity", "scope", "resolved", "enabled")


def _initial(row: Channel) -> dict[str, Any]:
    things = {name: getattr(row, f"{name}_id") for name in ("host", "site", "tag")}
    return {name: getattr(row, name) for name in _PLAIN} | things
