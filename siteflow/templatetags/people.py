"""What the pages of accounts and roles say the same way."""

from __future__ import annotations

from typing import Any, Final

from django import template

from siteflow.people.telling import roles_told

register = template.Library()
register.filter("roles_told", roles_told)

_FACTORS: Final = {
    "totp": "Authenticator app",
    "webauthn": "Passkey",
    "recovery_codes": "Recovery codes",
}


@register.filter
def factor_word(factor: Any) -> str:
    return _FACTORS.get(factor.type, str(factor.type))
