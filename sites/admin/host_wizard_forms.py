"""The forms of the steps of adding a host. What is secret is written here and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms

from provisioning.models import Wizard
from sites.admin.host_form import HostForm, private_key_field, secret_field
from sites.models import Host
from sites.rights import Viewer

_OF_LOGIN = ("auth", "private_key", "passphrase", "password")
_WAYS_IN = (
    ("generate", "Generate a key pair"),
    ("key", "Import a private key"),
    ("password", "Use a password"),
)


class ConnectionForm(HostForm):
    """What the host is called and where it is. ``values`` is what the step takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("connection", *_OF_LOGIN):
            self.fields.pop(name, None)
        self.fields["command_timeout_s"].required = False

    def clean(self) -> dict[str, Any]:
        given = forms.ModelForm.clean(self) or self.cleaned_data
        for name in ("username", "address"):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, "This is needed to reach it over SSH.")
        return given

    def values(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.fields}
        via = given.pop("via")
        return {
            **{name: value for name, value in given.items() if value is not None},
            "via": via.pk if via else None,
        }


class LoginForm(forms.Form):
    """How to log in. A secret that was given before need not be given again."""

    auth = forms.ChoiceField(label="How to log in", choices=_WAYS_IN, widget=forms.RadioSelect)
    private_key = private_key_field()
    passphrase = secret_field("Passphrase of the key")
    password = secret_field("Password")

    def __init__(self, row: Wizard, data: Any = None) -> None:
        credential = row.host.credential if row.host else None
        chosen = row.state.get("authentication", {}).get("auth", "generate")
        super().__init__(data, initial={"auth": chosen})
        if credential:
            auth = self.fields["auth"]
            assert isinstance(auth, forms.ChoiceField)  # noqa: S101  (for the type checker)
            auth.choices = [("keep", f"Keep the present {credential}"), *_WAYS_IN]
        for name in row.secrets:
            if name in self.fields:
                self.fields[name].help_text = "It was given; leave this empty to keep it."

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        wanted = {"key": ("private_key", "passphrase"), "password": ("password",)}
        secrets = {name: given[name] for name in wanted.get(given["auth"], ()) if given[name]}
        return {"auth": given["auth"], **secrets}


def form_of(row: Wizard, visitor: Viewer, data: Any = None) -> ConnectionForm | LoginForm | None:
    """The form of the present step; None where nothing is filled in."""
    if row.step == "connection":
        # A copy: the form writes what was typed into its instance.
        instance = Host.objects.get(pk=row.host.pk) if row.host else None
        initial = row.state.get("connection", {})
        return ConnectionForm(data, instance=instance, initial=initial, visitor=visitor)
    return LoginForm(row, data) if row.step == "authentication" else None
