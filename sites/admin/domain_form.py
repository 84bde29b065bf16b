"""The form for a domain of a site: how the proxy is to serve it."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from provisioning.drivers.caddy_check import MAX_ROUTES
from provisioning.proxy.route_lines import BadRoute, line_of, route_of
from sites.models import Domain

_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
_KINDS: Final = (
    ("primary", "Primary: the one this site is known by"),
    ("alias", "Alias: serves the same"),
    ("redirect", "Redirect: sends everything on to the primary one"),
)
TLS: Final = (
    ("acme", "A public certificate, fetched by the proxy"),
    ("internal", "A certificate of the proxy’s own authority"),
    ("off", "None: plain http"),
)


def _line(**words: Any) -> forms.CharField:
    return forms.CharField(widget=forms.TextInput(attrs=_PLAIN), **words)


class DomainForm(forms.Form):
    """``values`` is what the verbs take. Of a row that is there, the name stays what it is."""

    name = _line(
        label="Domain", max_length=253, help_text="Such as shop.example.org. Served once only."
    )
    kind = forms.ChoiceField(label="What it is", choices=_KINDS)
    tls = forms.ChoiceField(label="Certificate", choices=TLS)
    service = _line(
        label="Service", max_length=63, required=False,
        help_text="Of the site’s compose file. Empty: its web service.",
    )  # fmt: skip
    port = forms.IntegerField(
        label="Port", min_value=1, max_value=65_535, required=False,
        help_text="Inside the container. Empty: as its image says.",
    )  # fmt: skip
    routes = forms.CharField(
        label="Paths that go elsewhere", required=False, max_length=300 * MAX_ROUTES,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 4, "placeholder": "/api/=backend:8090"}),
        help_text="One a line: /path/=service:port. The longest that fits wins; the port may be "
        "left out.",
    )  # fmt: skip
    access_log = forms.BooleanField(
        label="Keep an access log", required=False, initial=True,
        help_text="JSON on the host, five files of 20 MB.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, row: Domain | None = None, first: bool = False) -> None:
        """``first``: the domain to be is the site's first one, so its primary one."""
        super().__init__(data, initial=_initial(row) if row else {"kind": "alias"})
        if row:
            del self.fields["name"]
        if first or (row and row.kind == Domain.Kind.PRIMARY):
            del self.fields["kind"]  # it can be nothing else; another becomes primary instead

    def clean_routes(self) -> list[dict[str, Any]]:
        lines = self.cleaned_data["routes"].splitlines()
        try:
            return [route_of(line) for line in lines if line.strip()]
        except BadRoute as error:
            raise forms.ValidationError(str(error)) from None

    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "port": self.cleaned_data["port"] or 0}


def _initial(row: Domain) -> dict[str, Any]:
    plain = ("kind", "tls", "service", "port", "access_log")
    return {
        **{name: getattr(row, name) for name in plain},
        "routes": "\n".join(line_of(route) for route in row.routes),
    }
