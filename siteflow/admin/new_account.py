"""Adding an account: a name, and a role to begin with. Its password is generated."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from audit.actor import Actor
from siteflow.admin.password_page import shown
from siteflow.people import acts, giving
from siteflow.people.guards import AccountError
from siteflow.people.places import place_named, suggestions
from sites import granting
from sites.granting import GrantError
from sites.rights import may


class NewAccount(forms.Form):
    username = forms.CharField(max_length=150, label="User name")
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    email = forms.EmailField(required=False)
    role = forms.ChoiceField(required=False, help_text="More can be given on the account's page.")
    on = forms.CharField(
        required=False,
        label="For",
        widget=forms.TextInput(
            attrs={
                "list": "places",
                "placeholder": "everything, or a host, site or tag",
                "autocomplete": "off",
            }
        ),
        help_text="everything, host:NAME, site:NAME@HOST or tag:NAME.",
    )

    def __init__(self, *args: Any, gives_roles: bool, **given: Any) -> None:
        super().__init__(*args, **given)
        if not gives_roles:
            del self.fields["role"], self.fields["on"]
            return
        role: Any = self.fields["role"]
        role.choices = [("", "none yet"), *((one.name, one.name) for one in granting.roles())]


def add_page(request: HttpRequest, frame: dict[str, Any]) -> HttpResponse:
    gives_roles = may(request.user, "sites.manage_grant")
    form = NewAccount(request.POST or None, gives_roles=gives_roles)
    frame = {**frame, "title": "Add an account"}
    if request.method == "POST" and form.is_valid():
        try:
            user, text = _made(request, dict(form.cleaned_data))
        except (AccountError, GrantError) as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return shown(request, user, text, {**frame, "title": "New account", "is_new": True})
    frame |= {"form": form, "places": suggestions(request.user) if gives_roles else []}
    return TemplateResponse(request, "people/add.html", frame, status=422 if form.is_bound else 200)


@transaction.atomic
def _made(request: HttpRequest, given: dict[str, str]) -> tuple[Any, str]:
    """The account with its role, or nothing at all."""
    role, on = given.pop("role", ""), given.pop("on", "")
    actor = Actor.of_request(request, "console")
    user, text = acts.add(given.pop("username"), actor=actor, **given)
    if role:
        place = place_named(on, to=request.user)
        granting.give(giving.role_named(role), to=user, on=place, actor=actor)
    elif on:
        raise AccountError("Choose the role it is to hold there.", field="role")
    return user, text
