"""The console: Django's admin with our frame, menu and pages."""

from __future__ import annotations

from django.contrib.admin import AdminSite


class Console(AdminSite):
    site_header = "SiteFlow"
    site_title = "SiteFlow"
    index_title = "Overview"
    enable_nav_sidebar = False
