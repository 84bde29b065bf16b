from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "siteflow.accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from siteflow.accounts import checks, factors, logins  # noqa: F401  (checks registers itself)

        logins.connect()
        factors.connect()
