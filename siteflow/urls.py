from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from siteflow.api import api
from siteflow.prometheus import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("", include("siteflow.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("metrics", metrics),
]

handler400 = handler403 = handler404 = "siteflow.refusals.on_exception"
handler500 = "siteflow.refusals.on_failure"
