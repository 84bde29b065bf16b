"""Editing a site's configuration: looked over first, then prepared as its next release."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from pydantic import SecretStr

from audit.record import Actor
from provisioning import engine
from provisioning.engine import EngineError
from provisioning.operations.contract import VerbError
from provisioning.releases.comparing import diff_of
from provisioning.releases.editing import MAX_TEXT, Configuration, edited
from provisioning.releases.numbers import base_of, next_number
from provisioning.releases.shown import config_out
from provisioning.site_templates import library
from sites.answers import NotFound
from sites.models import Site
from sites.rights import may_on

_AREA: Final = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


class ConfigForm(forms.Form):
    revision = forms.IntegerField(widget=forms.HiddenInput)
    template_version = forms.TypedChoiceField(
        label="Template version", required=False, coerce=int, empty_value=None,
        help_text="Another version brings its own compose file; secrets stay.",
    )  # fmt: skip
    compose = forms.CharField(
        label="Compose file", max_length=MAX_TEXT, strip=False, required=False,
        widget=forms.Textarea(attrs={**_AREA, "rows": 18}),
        help_text="A masked value (•••) stays what it is.",
    )  # fmt: skip
    env = forms.CharField(
        label="Environment", max_length=MAX_TEXT, strip=False, required=False,
        widget=forms.Textarea(attrs={**_AREA, "rows": 12}),
        help_text="NAME='value', one a line. Secrets read ••• and stay what they are; a new value "
        "takes the place of the old one.",
    )  # fmt: skip
    message = forms.CharField(
        label="What changes", max_length=500, required=False,
        help_text="Stands in the list of releases.",
    )  # fmt: skip

    def __init__(self, shown: dict[str, Any], data: Any = None) -> None:
        super().__init__(data, initial={**shown, "template_version": ""})
        field = self.fields["template_version"]
        newest = library.find(shown["template"]) if shown["template"] else None
        if newest is None or newest.version == shown["template_version"]:
            del self.fields["template_version"]
        else:
            field.choices = [  # type: ignore[attr-defined]
                ("", f"{shown['template_version']}, as it is"), (newest.version, newest.version),
            ]  # fmt: skip
        self.shown = shown

    def told(self) -> dict[str, Any]:
        """As `site.configure` takes it: what is as it was shown is left out."""
        given = self.cleaned_data
        found: dict[str, Any] = {"revision": given["revision"], "message": given["message"]}
        if given.get("template_version"):
            found["template_version"] = given["template_version"]
        if self._is_changed("compose"):
            found["compose"] = given["compose"].replace("\r\n", "\n")
        if self._is_changed("env"):
            found["env"] = SecretStr(given["env"])
        return found

    def _is_changed(self, name: str) -> bool:
        return name in self.data and _lines(self.cleaned_data[name]) != _lines(self.shown[name])


def _lines(text: str) -> list[str]:
    """Browsers change the ends of lines, and leave out an empty one at the beginning."""
    return text.replace("\r\n", "\n").strip("\n").split("\n")


def config_form(request: HttpRequest, site: Site) -> dict[str, Any]:
    """For the tab: None in place of a form when nothing of the site is kept here."""
    try:
        shown = config_out(site)
    except NotFound:
        return {"config": None}
    return {"config": shown, "form": ConfigForm(shown)}


def sent(request: HttpRequest, site: Site) -> dict[str, Any] | HttpResponse:
    """What was edited: shown again with what it would change, or prepared as a release."""
    if not may_on(request.user, "sites.manage_site", site):
        raise PermissionDenied
    form = ConfigForm(config_out(site), request.POST)
    found = {"config": form.shown, "form": form}
    if not form.is_valid():
        return found
    try:
        if request.POST.get("do") == "check":
            return found | _looked_over(site, form)
        return _prepared(request, site, form)
    except (EngineError, VerbError) as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return found | {"refused": error}


def _looked_over(site: Site, form: ConfigForm) -> dict[str, Any]:
    given = Configuration.model_validate(form.told())
    base = base_of(site)
    row = edited(base, given, number=next_number(site), by="")
    return {"checked": True, "diff": diff_of(base, row)}


def _prepared(request: HttpRequest, site: Site, form: ConfigForm) -> HttpResponse:
    actor = Actor.of_request(request, "console")
    row = engine.start("site.configure", site, actor=actor, params=form.told())
    messages.success(request, f"{row.message} This is what releasing it would do.")
    kind = "site.provision" if site.stage == Site.Stage.DRAFT else "site.release"
    where = reverse("admin:sites_site_do", args=[site.pk, kind])
    return HttpResponseRedirect(f"{where}?number={row.result['release']}")
