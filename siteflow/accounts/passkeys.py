"""Logging in by a passkey alone: it has to know its owner by a PIN, a finger or a face."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from allauth.mfa.webauthn.internal.auth import parse_authentication_response
from django import forms


class Answer(forms.JSONField):
    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError as error:
            raise get_adapter().validation_error("incorrect_code") from error


class PasskeyForm(LoginWebAuthnForm):  # type: ignore[misc]
    """What was asked does not say enough: the second step of a login, of any account, asks a key
    for a touch only, and a session keeps the latest question, whichever page asked it.
    """

    credential = Answer(widget=forms.HiddenInput)

    def clean_credential(self) -> Authenticator:
        answer = parse_authentication_response(self.cleaned_data["credential"])
        if not answer.response.authenticator_data.is_user_verified():
            raise get_adapter().validation_error("incorrect_code")
        return super().clean_credential()
