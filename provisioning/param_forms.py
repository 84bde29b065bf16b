"""A verb's parameters as a form: one field for each, with the schema's own limits."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from django import forms
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from provisioning.operations.contract import Verb

# What each parameter is called on a page; a test compares the names with the verb table.
WORDS: dict[str, tuple[str, str]] = {
    "grace_s": ("Grace period, in seconds", "How long it may take to end by itself."),
    "signal": ("Signal", "SIGKILL ends it at once; the others are up to the program."),
    "force": ("Remove it even while it runs", "It is killed first."),
    "keep_old": (
        "Leave the old key on the host",
        "Tick it if people or other programs log in with the same key.",
    ),
    "comment": ("Comment", "Ends the public line, so that you know it again on the host."),
    "fingerprint": ("Fingerprint", "As ssh-keygen -lf prints it on the host: SHA256:…"),
    "terminals": (
        "Terminals",
        "strict: only while they are recorded; buffered: recorded as far as possible; off: none.",
    ),
    "tags": ("Tags", "Words with spaces between them, such as “client-a”. Empty takes all off."),
    "http_port": ("Port for HTTP", "On the host; 80 unless something else has it."),
    "https_port": ("Port for HTTPS", "On the host; 443 unless something else has it."),
    "admin_port": ("Port for SiteFlow", "On the host's own loopback only."),
    "plan_digest": ("Digest of the plan", "Of the plan that was looked at."),
    "username": ("User", "a–z, 0–9 and . _ @ + -"),
    "password": ("Password", "At most 72 bytes. It is kept as a hash only, and never shown."),
    "service": ("Service", "The name of a systemd unit, such as nginx.service."),
    "remove_volumes": (
        "Remove its volumes as well",
        "They rest in quarantine, and can be had back from there.",
    ),
    "remove_files": (
        "Remove its files as well",
        "Its folder is moved out of the way and rests in quarantine as long.",
    ),
    "keep_certificate": (
        "Keep its certificate",
        "A site that comes back on these names needs no new one.",
    ),
    "reuse_volumes": (
        "Use volumes that are there already",
        "Tick it if volumes of these names hold this site’s own data.",
    ),
    "memory_bytes": ("Memory", "Such as 256m or 1.5g, at least 6m. Empty leaves it as it is."),
    "cpus": ("CPUs", "Such as 0.5 for half of one. Empty leaves them as they are."),
    "pids": ("Processes and threads", "0 takes the limit off. Empty leaves it as it is."),
    "restart": ("Restart policy", "Whether Docker starts it again when it has ended."),
    "root": ("Folder", "On the NAS."),
    "number": ("Number", "Of the release."),
    "pinned": ("Pinned", "A pinned release is kept, however old it is."),
    "name": ("Name", "Letters, digits and . _ -"),
    "new_name": ("New name", "Such as shop/web:2; without a tag, latest is meant."),
    "labels": ("Labels", "NAME=VALUE, with spaces between them."),
    "internal": ("Internal", "Containers in it reach each other and nothing else."),
    "images": ("Images", "Of the plan that was looked at."),
}
# Where the same parameter is something else.
_OF_FAMILIES = {
    ("image", "name"): ("Image", "Such as nginx:1.27 or registry.example.com/shop/web:2."),
}
# Known from the page that leads to the form.
HIDDEN = {"number", "plan_digest", "pinned", "root", "images"}
# The same, where the page knows of which thing the button was.
_OF_A_BUTTON = {("image.tag", "name"), ("image.remove", "name"), ("volume.remove", "name"),
                ("network.remove", "name")}  # fmt: skip


def params_form(verb: Verb, data: Any = None, *, initial: Any = None) -> forms.Form:
    """The form; bound when ``data`` is given. A field that is not in the data keeps its default."""
    names = verb.params.model_fields
    known = {name for name, value in (initial or {}).items() if value}
    fields = {
        name: _field(verb, name, info, hidden=name in known and (verb.kind, name) in _OF_A_BUTTON)
        for name, info in names.items()
    }
    made: type[forms.Form] = type("ParamsForm", (forms.Form,), fields)
    return made(data, initial=initial)


def given_params(params: type[BaseModel], data: Any, *, complete: bool) -> dict[str, Any]:
    """What a posted form says. ``complete``: an unticked box means no, not "as usual"."""
    found: dict[str, Any] = {}
    for name, info in params.model_fields.items():
        if info.annotation is bool:
            if complete or name in data:
                found[name] = data.get(name, "") not in ("", "false", "0")
        elif get_origin(info.annotation) is list and (complete or name in data):
            found[name] = data.get(name, "").replace(",", " ").split()
        elif data.get(name, "") != "":
            found[name] = data[name]
    return found


def _field(verb: Verb, name: str, info: FieldInfo, *, hidden: bool) -> forms.Field:
    label, help_text = _OF_FAMILIES.get((verb.family, name), WORDS[name])
    words: dict[str, Any] = {"label": label, "help_text": help_text, "initial": info.default}
    if hidden or name in HIDDEN:
        return forms.CharField(required=False, widget=forms.HiddenInput, label=label)
    if info.annotation is bool:
        return forms.BooleanField(required=False, **words)
    if info.annotation is int:
        return forms.IntegerField(**words, **_limits(info))
    if get_origin(info.annotation) is Literal:
        choices = [(value, value) for value in get_args(info.annotation)]
        return forms.ChoiceField(choices=choices, **words)
    if info.annotation is SecretStr:
        hints = {"autocomplete": "new-password"}
        return forms.CharField(widget=forms.PasswordInput(attrs=hints), **(words | {"initial": ""}))
    if get_origin(info.annotation) is list:
        return forms.CharField(required=False, **(words | {"initial": ""}))
    if type(None) in (either := get_args(info.annotation)):
        return _left_empty(either, words)
    return forms.CharField(**(words | {"initial": ""}))


def _left_empty(either: tuple[Any, ...], words: dict[str, Any]) -> forms.Field:
    """Nothing said is as good as an answer: the schema itself has the limits."""
    for one in either:
        if get_origin(one) is Literal:
            choices = [("", "As it is"), *((value, value) for value in get_args(one))]
            return forms.ChoiceField(choices=choices, required=False, **words)
    return forms.CharField(required=False, **(words | {"initial": ""}))


def _limits(info: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for limit in info.metadata:
        if isinstance(limit, Ge):
            found["min_value"] = limit.ge
        elif isinstance(limit, Le):
            found["max_value"] = limit.le
    return found
