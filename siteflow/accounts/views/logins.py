"""Ending one's own logins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.actor import Actor
from audit.record import record
from siteflow.accounts import logins
from siteflow.accounts.endings import end_everything
from siteflow.accounts.models import Login
from siteflow.accounts.session_store import stored


@require_POST
@login_required
def end_login(request: HttpRequest, key: UUID) -> HttpResponse:
    login = get_object_or_404(Login, pk=key, user=request.user, ended_at=None)
    logins.end(login)
    record(
        phase="event",
        action="auth.ended",
        status="succeeded",
        actor=Actor.of_request(request, "console"),
        target_type="user",
        target_id=login.user_id,
        target_name=login.user.get_username(),
        after={"kind": login.kind, "address": login.address, "began": login.created_at},
    )
    messages.success(request, "That login is ended.")
    return HttpResponseRedirect(reverse("account"))


@require_POST
@login_required
def end_other_logins(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101  (for the type checker)
    end_everything(
        request.user,
        why="logged out everywhere",
        actor=Actor.of_request(request, "console"),
        keep_session=stored(request.session.session_key),
    )
    messages.success(request, "All other logins are ended and your tokens revoked.")
    return HttpResponseRedirect(reverse("account"))
