"""An account's own page: password, second factor, logins and tokens."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteflow.accounts.forms import TokenForm
from siteflow.accounts.holds import has_second_factor, needs_second_factor
from siteflow.accounts.models import ApiToken, Login
from siteflow.accounts.session_store import stored


@login_required
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "account/account.html", shown(request))


def shown(request: HttpRequest, form: TokenForm | None = None) -> dict[str, Any]:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (for the type checker)
    return {
        "title": "Your account",
        "factor": has_second_factor(user),
        "factor_needed": needs_second_factor(user),
        "logins": Login.objects.filter(user=user).open(now=timezone.now()),
        "this_session": stored(request.session.session_key),
        "tokens": ApiToken.objects.filter(user=user).valid(now=timezone.now()),
        "form": form or TokenForm(),
    }
