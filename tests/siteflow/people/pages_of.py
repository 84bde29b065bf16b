"""Buttons of an account's page pressed, and what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record import Actor
from siteflow.accounts import tokens
from siteflow.accounts.models import ApiToken


def user_url(name: str, user: User, *more: str) -> str:
    return reverse(f"admin:auth_user_{name}", args=[user.pk, *more])


def do(client: Client, user: User, what: str, **form: Any) -> list[str]:
    """What the page says after the button."""
    answer = client.post(user_url("do", user, what), form, follow=True)
    assert answer.status_code == 200, answer.status_code
    return [str(one) for one in answer.context["messages"]]


def last() -> tuple[str, str, str, str]:
    entry = Entry.objects.latest("id")
    return entry.action, entry.status, entry.target_name, entry.actor_name


def token_of(user: User, *scopes: str) -> tuple[ApiToken, str]:
    actor = Actor.system("test")
    return tokens.make(user, name="ci", scopes=scopes, expires_at=None, actor=actor)
