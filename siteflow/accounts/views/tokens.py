"""Making and revoking one's own API tokens."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from audit.actor import Actor
from siteflow.accounts import tokens
from siteflow.accounts.forms import TokenForm
from siteflow.accounts.models import ApiToken
from siteflow.accounts.views.account import shown


@never_cache
@login_required
def make_token(request: HttpRequest) -> HttpResponse:
    """The only page that ever shows a token's text: the answer to the form itself."""
    form = TokenForm(request.POST)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("account"))
    if not form.is_valid():
        return render(request, "account/account.html", shown(request, form), status=422)
    assert isinstance(request.user, User)  # noqa: S101  (for the type checker)
    token, text = tokens.make(
        request.user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at(),
        actor=Actor.of_request(request, "console"),
    )
    return render(
        request, "account/token.html", {"title": "Your new token", "token": token, "text": text}
    )


@require_POST
@login_required
def revoke_token(request: HttpRequest, key: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=key, user=request.user)
    tokens.revoke(token, actor=Actor.of_request(request, "console"))
    messages.success(request, f"The token {token.name} is revoked.")
    return HttpResponseRedirect(reverse("account"))
