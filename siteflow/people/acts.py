"""What is done to an account: each of these is one call, on record, and in effect at once.

Open sockets and pages notice within five seconds.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from audit.actor import Actor
from audit.record import record
from siteflow.accounts import logins
from siteflow.accounts.endings import end_everything
from siteflow.accounts.factors import take_off
from siteflow.accounts.models import Login, Profile
from siteflow.people.guards import AccountError, keep_a_manager, not_ones_own


@transaction.atomic
def add(name: str, *, actor: Actor, password: str | None = None, **person: str) -> tuple[User, str]:
    """A new account without any role, and its password. None: one is generated, to be changed.

    ``person``: first_name, last_name, email. Raises AccountError.
    """
    user = User(username=name, **person)
    text = secrets.token_urlsafe(12) if password is None else password
    _valid(user, text)
    user.set_password(text)
    user.save()
    if password is None:
        Profile.objects.create(user=user, must_change_password=True)
    _on_record("user.add", user, actor, after={"must_change_password": password is None})
    return user, text


@transaction.atomic
def disable(user: User, *, actor: Actor) -> None:
    """Ends its logins and revokes its tokens: enabled again, it begins anew."""
    not_ones_own(user, actor, "Somebody else has to disable your own account.")
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        raise AccountError(f"{user} is disabled already.")
    end_everything(user, why="disabled", actor=actor)
    _on_record("user.disable", user, actor)
    keep_a_manager()


@transaction.atomic
def enable(user: User, *, actor: Actor) -> None:
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise AccountError(f"{user} is not disabled.")
    _on_record("user.enable", user, actor)


@transaction.atomic
def new_password(user: User, *, actor: Actor) -> str:
    """A generated one, shown once; all that came in by the old one ends."""
    not_ones_own(user, actor, "Change your own password under “Your account”.")
    text = secrets.token_urlsafe(12)
    user.set_password(text)
    user.save(update_fields=["password"])
    _must_change(user)
    _on_record("user.new_password", user, actor)
    return text


@transaction.atomic
def require_new_password(user: User, *, actor: Actor) -> None:
    """Nothing else can be done with the account before; its tokens wait as well."""
    _must_change(user)
    _on_record("user.require_new_password", user, actor)


@transaction.atomic
def remove_second_factor(user: User, *, actor: Actor, confirm_name: str) -> None:
    """App, passkeys and recovery codes, for somebody who lost them; their logins end."""
    not_ones_own(user, actor, "Change your own second factor under “Your account”.")
    if confirm_name != user.get_username():
        raise AccountError(f"Type the name {user.get_username()!r} to confirm.", field="confirm")
    if not take_off(user, actor=actor):
        raise AccountError(f"{user} has no second factor.")


@transaction.atomic
def end_login(login: Login, *, actor: Actor) -> None:
    logins.end(login)
    told = {"kind": login.kind, "address": login.address, "began": login.created_at}
    _on_record("auth.ended", login.user, actor, after=told)


def end_logins(user: User, *, actor: Actor) -> int:
    """All of them; API tokens stay. How many there were."""
    return end_everything(user, why="ended by who manages accounts", actor=actor, tokens=False)


@transaction.atomic
def join(group: Group, user: User, *, actor: Actor) -> None:
    if user.groups.filter(pk=group.pk).exists():
        raise AccountError(f"{user} is in {group} already.", field="user")
    user.groups.add(group)
    _on_record("group.add_member", user, actor, after={"group": group.name})


@transaction.atomic
def leave(group: Group, user: User, *, actor: Actor) -> None:
    if not user.groups.filter(pk=group.pk).exists():
        raise AccountError(f"{user} is not in {group}.", field="user")
    user.groups.remove(group)
    _on_record("group.remove_member", user, actor, after={"group": group.name})
    keep_a_manager()


def _valid(user: User, password: str) -> None:
    if User.objects.filter(username__iexact=user.username).exists():
        raise AccountError(f"There is an account {user.username} already.", field="username")
    try:
        user.full_clean(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        by_field = error.message_dict if hasattr(error, "error_dict") else {}
        field, texts = next(iter(by_field.items()), ("password", error.messages))
        raise AccountError(" ".join(texts), field=field) from error


def _must_change(user: User) -> None:
    Profile.objects.update_or_create(user=user, defaults={"must_change_password": True})


def _on_record(action: str, user: User, actor: Actor, **values: Any) -> None:
    record(
        phase="event",
        action=action,
        status="succeeded",
        actor=actor,
        target_type="user",
        target_id=user.pk,
        target_name=user.get_username(),
        **values,
    )
