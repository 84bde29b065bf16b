"""The form for a host. What is secret is written here and never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from sites.models import Host
from sites.rights import Viewer

if TYPE_CHECKING:  # generic to the type checker only
    _ModelForm = forms.ModelForm[Host]
else:
    _ModelForm = forms.ModelForm

KEEP = "keep"
_AUTH = (
    ("generate", "Generate a key pair"),
    ("key", "Import a private key"),
    ("password", "Use a password"),
)
_OF_SSH = (
    "auth",
    "private_key",
    "passphrase",
    "password",
    "username",
    "address",
    "port",
    "sudo",
    "via",
    "connect_timeout_s",
)
_SHORT = ("name", "address", "username", "docker_socket")


class WriteOnlyText(forms.Textarea):
    """A text field that is always shown empty."""

    def format_value(self, value: Any) -> str:
        return ""


def private_key_field() -> forms.CharField:
    """Where a private key is pasted; what was typed is never sent back."""
    hints = {"rows": 6, "spellcheck": "false", "autocomplete": "off"}
    widget = WriteOnlyText(attrs={**hints, "placeholder": "-----BEGIN OPENSSH PRIVATE KEY-----"})
    return forms.CharField(label="Private key", required=False, max_length=20_000, widget=widget)


def secret_field(label: str, autocomplete: str = "new-password") -> forms.CharField:
    """Never drawn with what it holds."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete}, render_value=False)
    return forms.CharField(label=label, required=False, strip=False, max_length=1000, widget=widget)


class HostForm(_ModelForm):
    """``values`` is what the engine's verb takes. The form itself saves nothing.

    ``visitor`` is offered the jump hosts it manages; one it does not manage stays as it is.
    """

    connection = forms.ChoiceField(
        label="Where it is",
        choices=(("ssh", "Another machine, over SSH"), ("local", "This machine’s Docker socket")),
        initial="ssh",
        widget=forms.RadioSelect,
    )
    auth = forms.ChoiceField(
        label="How to log in", choices=_AUTH, required=False, widget=forms.RadioSelect
    )
    private_key = private_key_field()
    passphrase = secret_field("Passphrase of the key")
    password = secret_field("Password")

    class Meta:
        model = Host
        fields = (
            "name",
            "connection",
            "username",
            "address",
            "port",
            "sudo",
            "via",
            "docker_socket",
            "connect_timeout_s",
            "command_timeout_s",
        )
        labels = {
            "username": "User",
            "address": "Address",
            "sudo": "Use sudo",
            "via": "Jump host",
            "docker_socket": "Docker socket",
            "connect_timeout_s": "Connecting, seconds",
            "command_timeout_s": "One command, seconds",
        }

        error_messages = {"name": {"unique": "Another host has this name."}}

    def __init__(self, *args: Any, visitor: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.is_new = row.pk is None
        self.local = not self.is_new and row.connection == Host.Connection.LOCAL
        if not self.is_new:
            del self.fields["connection"]
        if self.local:
            for name in _OF_SSH:
                del self.fields[name]
        else:
            self._offer_ways_in(row, visitor)
        for name in _SHORT:
            if name in self.fields:
                self.fields[name].widget.attrs |= {"spellcheck": "false", "autocapitalize": "off"}

    def _offer_ways_in(self, row: Host, visitor: Viewer) -> None:
        via, auth = self.fields["via"], self.fields["auth"]
        assert isinstance(via, forms.ModelChoiceField)  # noqa: S101  (for the type checker)
        assert isinstance(auth, forms.ChoiceField)  # noqa: S101
        self.fields["port"].required = self.fields["connect_timeout_s"].required = False
        managed = Host.objects.open_to(visitor, "sites.manage_host")
        set_up = managed.exclude(state=Host.State.SETUP_PENDING)
        offered = set_up.filter(connection=Host.Connection.SSH).exclude(pk=row.pk)
        via.queryset = offered
        via.empty_label = "none: it is reached directly"
        if row.credential_id:
            auth.choices = [(KEEP, f"Keep the present {row.credential}"), *_AUTH]
        auth.initial = KEEP if row.credential_id else "generate"
        if row.via_id and not managed.filter(pk=row.via_id).exists():
            del self.fields["via"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.local or given.get("connection") == Host.Connection.LOCAL:
            return given
        for name in ("username", "address", "port", "auth"):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, "This is needed to reach it over SSH.")
        wanted = {"key": "private_key", "password": "password"}.get(given.get("auth", ""), "")
        if wanted and not given.get(wanted) and wanted not in self.errors:
            self.add_error(wanted, "This is needed for the chosen way to log in.")
        return given

    def validate_constraints(self) -> None:
        """Names have no capitals: that the field is unique says it all, and in better words."""

    def values(self) -> dict[str, Any]:
        """Only what the verb needs: an empty secret is none, an unchanged login is not sent."""
        names = [name for name in self.Meta.fields if name in self.fields]
        given = self.cleaned_data
        if self.local or given.get("connection") == Host.Connection.LOCAL:
            return {name: given[name] for name in names if name not in _OF_SSH}
        found = {name: given[name] for name in names}
        if "via" in found:
            found["via"] = found["via"].pk if found["via"] else None
        if given["auth"] == KEEP:
            return found
        wanted = {"key": ("private_key", "passphrase"), "password": ("password",)}
        secrets = {name: given[name] for name in wanted.get(given["auth"], ()) if given[name]}
        return {**found, "auth": given["auth"], **secrets}
