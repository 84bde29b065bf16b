"""Logging in, tokens and tickets over HTTP: /api/auth and /api/tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from ninja import Router

from audit.actor import Actor
from audit.record import record
from siteflow.accounts import access, tickets, tokens
from siteflow.accounts.credentials import Credential
from siteflow.accounts.holds import has_second_factor, needs_second_factor
from siteflow.accounts.models import ApiToken
from siteflow.accounts.password_login import log_in
from siteflow.accounts.schemas import (
    Credentials,
    Me,
    PairOut,
    Refresh,
    TicketOut,
    TokenIn,
    TokenList,
    TokenMade,
    token_out,
)
from sites.answers import found, json_answer
from sites.rights import reach
from sites.roles import SCOPES

auth = Router(tags=["logging in"])
own_tokens = Router(tags=["tokens"])


@auth.post("/token", auth=None, response=PairOut)
def log_in_by_password(request: HttpRequest, given: Credentials) -> HttpResponse:
    """A program's login. 401 `second_factor_required`: send `code` as well. 429: wait."""
    return json_answer(asdict(log_in(request, **given.dict())))


@auth.post("/refresh", auth=None, response=PairOut)
def refresh(request: HttpRequest, given: Refresh) -> HttpResponse:
    """The next pair. A refresh token counts once; used a second time it ends its login."""
    return json_answer(asdict(access.rotate(request, given.refresh)))


@auth.post("/revoke", auth=None, response={204: None})
def revoke(request: HttpRequest, given: Refresh) -> HttpResponse:
    """Ends the login of a refresh token, its sockets too. One that is not valid ends nothing."""
    if login := access.revoke(given.refresh):
        request.user = login.user
        record(
            phase="event",
            action="auth.logout",
            status="succeeded",
            actor=Actor.of_request(request, "api"),
            target_type="user",
            target_id=login.user.pk,
            target_name=login.user.get_username(),
        )
    return HttpResponse(status=204)


@auth.get("/me", response=Me)
def me(request: HttpRequest) -> HttpResponse:
    """Who I am here, and what I may do."""
    user = _user(request)
    scopes = getattr(user, "scopes", None)
    content: dict[str, Any] = {
        "id": user.pk,
        "username": user.get_username(),
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "permissions": _permissions(user),
        "scopes": None if scopes is None else sorted(scopes),
        "second_factor": {
            "enabled": has_second_factor(user),
            "required": needs_second_factor(user),
        },
    }
    return json_answer(content)


@auth.post("/ws-ticket", response=TicketOut)
def ws_ticket(request: HttpRequest) -> HttpResponse:
    """Opens one socket, within 30 s: `/api/ws?ticket=…`."""
    ticket = tickets.issue(_credential(request))
    lasts_s = int(tickets.LASTS.total_seconds())
    return json_answer({"ticket": ticket, "expires_in": lasts_s})


@own_tokens.get("", response=TokenList)
def list_tokens(request: HttpRequest) -> HttpResponse:
    """My tokens, newest first, revoked ones too."""
    rows = [token_out(token) for token in ApiToken.objects.filter(user=_user(request))]
    return json_answer({"items": rows, "total": len(rows)})


@own_tokens.post("", response={201: TokenMade})
def make_token(request: HttpRequest, given: TokenIn) -> HttpResponse:
    """A token of mine. `token` is in this answer and nowhere else."""
    token, text = tokens.make(
        _user(request),
        name=given.name,
        scopes=given.scopes,
        expires_at=given.expires_at,
        actor=Actor.of_request(request, "api"),
        by=_calling_token(request),
    )
    return json_answer({**token_out(token), "token": text}, status=201)


@own_tokens.delete("/{int:token_id}", response={204: None})
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revokes a token of mine, from now on. A token may revoke itself."""
    token = found(ApiToken.objects.filter(user=_user(request)), token_id)
    calling = _calling_token(request)
    if calling is not None and calling.pk != token.pk and "accounts" not in calling.scopes:
        raise tokens.ScopeMissing
    tokens.revoke(token, actor=Actor.of_request(request, "api"))
    return HttpResponse(status=204)


def _permissions(user: User) -> dict[str, str]:
    """By name, and how far each reaches; a token's ceiling is taken off already."""
    reaches = {name: reach(user, name) for names in SCOPES.values() for name in sorted(names)}
    return {name: "all" if one.everywhere else "some" for name, one in reaches.items() if one}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  (for the type checker: it got through auth)
    return request.user


def _credential(request: HttpRequest) -> Credential:
    credential: Credential = request.auth  # type: ignore[attr-defined]
    return credential


def _calling_token(request: HttpRequest) -> ApiToken | None:
    credential = _credential(request)
    return ApiToken.objects.get(pk=credential.key) if credential.kind == "token" else None
