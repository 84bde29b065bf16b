"""Changing one's own password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse_lazy

from audit.actor import Actor
from audit.record import record
from siteflow.accounts.forms import OwnPasswordForm
from siteflow.accounts.holds import PasswordChangeRequired, hold_of


class OwnPassword(PasswordChangeView):
    """Only for who is logged in, as Django's own."""

    form_class = OwnPasswordForm
    template_name = "account/password.html"
    success_url = reverse_lazy("account")

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        must = isinstance(hold_of(self.request.user), PasswordChangeRequired)
        return super().get_context_data(**given) | {"title": "Change password", "must": must}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        user = form.user
        with transaction.atomic():
            response = super().form_valid(form)
            record(
                phase="event",
                action="user.password",
                status="succeeded",
                actor=Actor.of_request(self.request, "console"),
                target_type="user",
                target_id=user.pk,
                target_name=user.get_username(),
            )
        messages.success(
            self.request, "Your password is changed. All other logins and tokens are ended."
        )
        return response


own_password = OwnPassword.as_view()
