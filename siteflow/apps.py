from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteflowConfig(AppConfig):
    name = "siteflow"

    def ready(self) -> None:
        from siteflow import checks  # noqa: F401  (registers the system checks)


class ConsoleConfig(AdminConfig):
    """Django's admin, with our site as the default one."""

    default_site = "siteflow.console.Console"
