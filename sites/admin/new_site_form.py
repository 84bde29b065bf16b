"""The form for a new site: a few fields of every site, and one for each of its template's."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from provisioning.operations.site_records import ENVIRONMENT, NAME
from provisioning.site_templates.params import Param
from provisioning.site_templates.shape import Template
from sites.models import Host

OF_PARAMS: Final = "param_"
_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
_FORM: Final = "Use a–z, 0–9 and hyphens, and begin with a letter or a digit."
_TLS: Final = (
    ("acme", "A public certificate, fetched by the proxy"),
    ("internal", "A certificate of the proxy’s own authority"),
    ("off", "None: plain http"),
)


class NewSiteForm(forms.Form):
    host = forms.ModelChoiceField(Host.objects.none(), empty_label=None)
    name = forms.RegexField(
        NAME,
        max_length=40, widget=forms.TextInput(attrs=_PLAIN),
        help_text="a–z, 0–9 and hyphens. Also the name of its Compose project and its folder.",
    )  # fmt: skip
    domain = forms.CharField(
        max_length=253, required=False, widget=forms.TextInput(attrs=_PLAIN),
        help_text="Where it is to answer, such as shop.example.org. It can be given later.",
    )  # fmt: skip
    aliases = forms.CharField(
        label="More names", max_length=5000, required=False, widget=forms.TextInput(attrs=_PLAIN),
        help_text="That serve the same, with spaces between them.",
    )  # fmt: skip
    tls = forms.ChoiceField(label="Certificate", choices=_TLS)
    environment = forms.RegexField(
        ENVIRONMENT,
        max_length=20, initial="production", widget=forms.TextInput(attrs=_PLAIN),
        help_text="production, staging, …",
    )  # fmt: skip
    tenant = forms.RegexField(
        NAME,
        max_length=40, initial="sites", widget=forms.TextInput(attrs=_PLAIN),
        help_text="The folder that its own folder is in.",
    )  # fmt: skip
    reuse_volumes = forms.BooleanField(
        label="Use volumes that are there already", required=False,
        help_text="Tick it if volumes of these names hold this site’s own data.",
    )  # fmt: skip

    def __init__(self, template: Template, hosts: Any, data: Any = None, **given: Any) -> None:
        super().__init__(data, **given)
        self.template = template
        for name in ("name", "environment", "tenant"):
            self.fields[name].error_messages["invalid"] = _FORM
        host = self.fields["host"]
        host.queryset = hosts  # type: ignore[attr-defined]
        for name, param in template.manifest.params.properties.items():
            needed = name in template.manifest.params.required
            self.fields[OF_PARAMS + name] = _field(name, param, needed=needed)

    def of_template(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith(OF_PARAMS)]

    def told(self) -> dict[str, Any]:
        """As `NewSite` takes it; what was left empty is left to the template."""
        given = self.cleaned_data
        params = {
            name.removeprefix(OF_PARAMS): value
            for name, value in given.items()
            if name.startswith(OF_PARAMS) and value not in ("", None)
        }
        return {
            "name": given["name"],
            "template": self.template.id,
            "template_version": self.template.version,
            "domain": given["domain"] or None,
            "aliases": given["aliases"].replace(",", " ").split(),
            "tls": given["tls"],
            "environment": given["environment"],
            "tenant": given["tenant"],
            "params": params,
        }

    def put(self, error: Any) -> None:
        """A refusal, at the field it is about."""
        field = str(error.field).replace("params.", OF_PARAMS).partition(".")[0]
        words = error.message
        if field in self.fields:
            words = words.removeprefix(f"{error.field}: ").removeprefix(
                f"{field.removeprefix(OF_PARAMS)}: "
            )
        self.add_error(field if field in self.fields else None, words[:1].upper() + words[1:])


def _field(name: str, param: Param, *, needed: bool) -> forms.Field:
    words: dict[str, Any] = {
        "label": param.title or name.replace("_", " ").capitalize(),
        "help_text": param.description,
        "initial": param.default,
        "required": needed and param.type != "boolean",
    }
    if param.type == "boolean":
        return forms.BooleanField(**words)
    if param.enum is not None:
        choices = [(value, value) for value in param.enum]
        empty = [] if needed or param.default is not None else [("", "–")]
        kind = int if param.type == "integer" else str
        return forms.TypedChoiceField(choices=[*empty, *choices], coerce=kind, **words)
    if param.type == "integer":
        return forms.IntegerField(min_value=param.minimum, max_value=param.maximum, **words)
    return _text(param, words)


def _text(param: Param, words: dict[str, Any]) -> forms.Field:
    attributes: dict[str, Any] = dict(_PLAIN)
    if param.pattern:
        attributes["pattern"] = param.pattern.removeprefix("^").removesuffix("$")
    return forms.CharField(
        min_length=param.min_length, max_length=param.max_length or 2000,
        widget=forms.TextInput(attrs=attributes), **words,
    )  # fmt: skip
