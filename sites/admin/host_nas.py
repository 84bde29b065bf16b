"""A host as a NAS: the tab of its page, and the form that says whose backups lie where."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from provisioning.backups.models import BackupSource
from provisioning.backups.nas_telling import sources_out
from provisioning.backups.pattern import DEFAULT, MAX_LENGTH
from sites.admin.starting import started
from sites.models import Host, Site
from sites.rights import Viewer, may_on

_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
_MOST: Final = 200  # lines of sites
_SETTINGS: Final = ("root", "pattern", "marker", "every_minutes", "least_percent")


def _line(**words: Any) -> forms.CharField:
    return forms.CharField(widget=forms.TextInput(attrs=_PLAIN), **words)


class NasForm(forms.Form):
    """``values`` is what the verb takes. Offered is what the visitor may speak for."""

    root = _line(label="Folder", max_length=1000, help_text="On the NAS, such as /volume1/backups.")
    pattern = _line(
        label="Where the backups of a site lie below it", max_length=MAX_LENGTH, initial=DEFAULT,
        help_text="All but the last part are folders, the last one names backups: files, or "
        "folders such as dated ones. {site}, {project}, {tenant}, {host} and {domain} stand for "
        "the site’s own. Such as {host}/{site}/*.tar.gz or {site}-*.",
    )  # fmt: skip
    marker = _line(
        label="Marker", max_length=255, required=False,
        help_text="The name of a file in the folder that is there only while its volume is "
        "mounted. Without one, an empty folder counts as not mounted.",
    )  # fmt: skip
    hosts = forms.MultipleChoiceField(
        label="All sites on these hosts", required=False, widget=forms.CheckboxSelectMultiple
    )
    sites = forms.CharField(
        label="And these sites", required=False, max_length=300 * _MOST,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 3, "placeholder": "web1/shop"}),
        help_text="One a line, host/site. They count before what is said of their hosts.",
    )  # fmt: skip
    every_minutes = forms.IntegerField(
        label="Look every, in minutes", min_value=5, max_value=1440, initial=60
    )
    least_percent = forms.IntegerField(
        label="Shrunken below, in %", min_value=1, max_value=100, initial=50,
        help_text="Of the usual size: the median of the ten before.",
    )  # fmt: skip

    def __init__(self, data: Any, *, visitor: Viewer, row: BackupSource | None) -> None:
        super().__init__(data, initial=_initial(row, visitor) if row else None)
        offered = Host.objects.open_to(visitor, "sites.manage_site").order_by("name")
        choices: Any = self.fields["hosts"]
        choices.choices = [(str(key), name) for key, name in offered.values_list("pk", "name")]
        self._visitor = visitor
        if row:
            self.fields["root"].disabled = True

    def clean_sites(self) -> list[int]:
        lines = [line.strip() for line in self.cleaned_data["sites"].splitlines() if line.strip()]
        return [self._site(line) for line in lines[:_MOST]]

    def _site(self, line: str) -> int:
        host, _, name = line.partition("/")
        rows = Site.objects.open_to(self._visitor, "sites.manage_site")
        found = rows.filter(host__name=host, name=name).values_list("pk", flat=True)[:1]
        if not found:
            raise forms.ValidationError(f"There is no site {line}.")
        return int(found[0])

    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "hosts": [int(key) for key in self.cleaned_data["hosts"]]}


def _initial(row: BackupSource, visitor: Viewer) -> dict[str, Any]:
    sites = Site.objects.open_to(visitor, "sites.manage_site").filter(backed_up_to=row)
    return {
        **{name: getattr(row, name) for name in _SETTINGS},
        "hosts": [str(key) for key in row.hosts.values_list("pk", flat=True)],
        "sites": "\n".join(f"{one.host.name}/{one.name}" for one in sites.select_related("host")),
    }


def nas_tab(request: HttpRequest, row: Host) -> dict[str, Any]:
    return {"sources": sources_out(request.user, nas=row.pk)}


def nas_page(request: HttpRequest, row: Host, frame: dict[str, Any]) -> HttpResponse:
    """The form for a new folder, or with ``?root=`` for one that is there."""
    if not may_on(request.user, "sites.manage_host", row):
        raise PermissionDenied
    source = BackupSource.objects.filter(nas=row, root=request.GET.get("root", "")).first()
    form = NasForm(request.POST or None, visitor=request.user, row=source)
    back = reverse("admin:sites_host_change", args=[row.pk]) + "?tab=backups"
    valid = request.method == "POST" and form.is_valid()
    if valid and (done := started(request, form, "nas.set", row, form.values())):
        messages.success(request, done.message)
        return HttpResponseRedirect(back)
    title = "Edit a folder of backups" if source else "A folder of backups"
    context = {**frame, "title": title, "row": row, "form": form, "back": back}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "console/nas_form.html", context, status=status)
