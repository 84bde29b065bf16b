"""What administrators do to the ways in of others, from the list of accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.actor import Actor
from siteflow.accounts.endings import end_everything


@admin.action(description="Log out everywhere and revoke tokens", permissions=["change"])
def log_out(page: Any, request: HttpRequest, rows: QuerySet[User]) -> None:
    actor = Actor.of_request(request, "console")
    _each(page, request, rows, lambda user: end_everything(user, why="by an admin", actor=actor))


def _each(
    page: Any, request: HttpRequest, rows: QuerySet[User], work: Callable[[User], int]
) -> None:
    """Does it to those within reach: a bulk action asks for no single object's right."""
    within = [user for user in rows if page.has_change_permission(request, user)]
    done = [user.get_username() for user in within if work(user)]
    beyond = len(rows) - len(within)
    if done:
        messages.success(request, f"Done for {', '.join(done)}.")
    if beyond:
        messages.error(request, f"{beyond} of the accounts are not yours to change.")
    if not done and not beyond:
        messages.info(request, "There was nothing to end.")
