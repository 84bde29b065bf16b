"""Settings of the ways in that make no sense are named at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

ROLES: Final = ("viewer", "operator", "admin")


@register()
def roles_are_known(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    return [
        Error(
            f"SITEFLOW_SECOND_FACTOR_ROLES names {role!r}, which is no role.",
            hint=f"Give some of {', '.join(ROLES)}, separated by commas.",
            id="siteflow.E020",
        )
        for role in settings.SECOND_FACTOR_ROLES
        if role not in ROLES
    ]
