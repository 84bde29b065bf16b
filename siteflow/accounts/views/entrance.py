"""Logging in, in the console's skin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.views import LoginView
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from siteflow.accounts.forms import LoginForm


class Entrance(LoginView):  # type: ignore[misc]
    """Who is logged in and holds no role is told so here, as there is nowhere else to go."""

    template_name = "admin/login.html"

    def get(self, request: HttpRequest, *args: Any, **given: Any) -> HttpResponse:
        if request.user.is_authenticated and admin.site.has_permission(request):
            return HttpResponseRedirect(self.get_success_url() or "/admin/")
        shown: HttpResponse = super().get(request, *args, **given)
        return shown

    def form_invalid(self, form: LoginForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if form.throttled is not None:
            response.status_code = form.throttled.status
            response["Retry-After"] = form.throttled.headers["Retry-After"]
        return response


entrance: Callable[[HttpRequest], HttpResponse] = Entrance.as_view()
