"""The form for a template of one's own: what it says of itself, and its files as text."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from provisioning.site_templates.shape import COMPOSE, MAX_FILES, README, Template

_PLAIN = (
    "name",
    "description",
    "cms",
    "stack",
    "best_for",
    "web_service",
    "web_port",
    "probe_path",
)


def _text(rows: int, **words: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "class": "code"})
    return _TextField(widget=widget, strip=False, **words)


class _TextField(forms.CharField):
    """Browsers end lines by CR LF whatever they were given."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class TemplateForm(forms.Form):
    """Everything in one page; parameters, secrets and other files as JSON."""

    slug = forms.RegexField(
        r"^[a-z][a-z0-9-]*\Z", max_length=60, label="Id",
        help_text="Its name in addresses and commands: a–z, 0–9, hyphens. It stays as it is.",
    )  # fmt: skip
    name = forms.CharField(max_length=80, label="Name", help_text="As people read it.")
    description = forms.CharField(
        max_length=1_000, required=False, label="Description",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    cms = forms.CharField(max_length=80, required=False, label="CMS")
    stack = forms.CharField(max_length=120, required=False, label="Stack")
    best_for = forms.CharField(max_length=200, required=False, label="Best for")
    web_service = forms.CharField(
        max_length=63, initial="web", label="Web service",
        help_text="The service of the compose file that answers visitors.",
    )  # fmt: skip
    web_port = forms.IntegerField(
        min_value=1, max_value=65_535, initial=80, label="Its port",
        help_text="Inside the container; none has to be published.",
    )  # fmt: skip
    probe_path = forms.CharField(
        max_length=200, initial="/", label="Path to probe",
        help_text="Answers 200 once the site works.",
    )  # fmt: skip
    stateless = forms.BooleanField(
        required=False, label="A new web service can start beside the old one",
        help_text="It keeps no files of its own, so a release needs no gap.",
    )  # fmt: skip
    memory_mb = forms.IntegerField(min_value=0, initial=256, label="Memory it needs, in MB")
    disk_mb = forms.IntegerField(min_value=0, initial=1024, label="Disk it needs, in MB")
    params = _text(
        8, required=False, label="Parameters",
        help_text="JSON: each name with its type (string, integer, boolean), title, default and "
        "limits. SITE_TITLE in the compose file is the parameter site_title.",
    )  # fmt: skip
    secrets = forms.CharField(
        required=False, max_length=1_000, label="Secrets",
        help_text="Names with spaces between them, such as DB_PASSWORD. Made for each site.",
    )  # fmt: skip
    compose = _text(24, label=f"Compose file ({COMPOSE})")
    readme = _text(8, required=False, label=f"For people ({README})")
    more_files = _text(
        8, required=False, label="Other files",
        help_text='JSON: {"build/Dockerfile": "FROM …"}.',
    )  # fmt: skip
    base_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_params(self) -> dict[str, Any]:
        return _json_object(self.cleaned_data["params"])

    def clean_more_files(self) -> dict[str, str]:
        files = _json_object(self.cleaned_data["more_files"])
        if len(files) > MAX_FILES or not all(isinstance(text, str) for text in files.values()):
            raise forms.ValidationError(f"At most {MAX_FILES} paths, each with its text.")
        return files

    def values(self) -> dict[str, Any]:
        """As the verbs take it."""
        given = self.cleaned_data
        required = [name for name, one in given["params"].items()
                    if isinstance(one, dict) and one.pop("required", False) is True]  # fmt: skip
        manifest = {key: given[key] for key in _PLAIN} | {
            "params": {"properties": given["params"], "required": required},
            "secrets": [{"name": name} for name in given["secrets"].split()],
            "stateless_services": [given["web_service"]] if given["stateless"] else [],
            "memory_bytes": given["memory_mb"] * 2**20,
            "disk_bytes": given["disk_mb"] * 2**20,
        }
        files = {COMPOSE: given["compose"], **given["more_files"]}
        return {"manifest": manifest, "files": files | _only(README, given["readme"])}


def initial_of(template: Template, *, copy: bool) -> dict[str, Any]:
    """The form's values for a template that is edited, or taken as the beginning of a new one."""
    said = template.manifest
    schema = said.params.schema_text()
    params = {
        name: one | ({"required": True} if name in schema["required"] else {})
        for name, one in schema["properties"].items()
    }
    rest = {path: text for path, text in template.files.items() if path not in (COMPOSE, README)}
    return {key: getattr(said, key) for key in _PLAIN} | {
        "slug": f"my-{template.id}" if copy else template.id,
        "stateless": said.web_service in said.stateless_services,
        "memory_mb": said.memory_bytes // 2**20,
        "disk_mb": said.disk_bytes // 2**20,
        "params": _json(params),
        "secrets": " ".join(each.name for each in said.secrets),
        "compose": template.compose,
        "readme": template.files.get(README, ""),
        "more_files": _json(rest),
        "base_version": None if copy else template.version,
    }


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


def _only(path: str, text: str) -> dict[str, str]:
    return {path: text} if text.strip() else {}


def _json_object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise forms.ValidationError("This is not JSON.") from None
    if not isinstance(found, dict):
        raise forms.ValidationError("A JSON object is needed: {…}.")
    return found
