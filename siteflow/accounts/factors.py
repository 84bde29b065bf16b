"""Second factors that come and go, put on record; and taken off by an administrator.

Before the fact, so that none comes or goes without: whichever page of allauth's it was, and what
happens to an account's recovery codes with it.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import pre_delete, pre_save

from audit.actor import Actor
from audit.record import record
from siteflow.accounts.endings import end_everything, whoever_asks


def connect() -> None:
    """Called once, when the app is ready."""
    pre_save.connect(_saved, sender=Authenticator, dispatch_uid="accounts.factors")
    pre_delete.connect(_deleted, sender=Authenticator, dispatch_uid="accounts.factors")


def take_off(user: User, *, actor: Actor) -> int:
    """For who lost theirs: removes all factors of an account and ends its logins; how many."""
    with transaction.atomic():
        number: int = Authenticator.objects.filter(user=user).delete()[0]
        if number:
            end_everything(user, why="second factor taken off", actor=actor)
    return number


def _saved(*, instance: Any, **_: Any) -> None:
    if instance._state.adding:
        _record("add", instance)


def _deleted(*, instance: Any, **_: Any) -> None:
    _record("remove", instance)


def _record(verb: str, factor: Any) -> None:
    record(
        phase="event",
        action=f"factor.{verb}",
        status="succeeded",
        actor=whoever_asks(),
        target_type="user",
        target_id=factor.user_id,
        target_name=factor.user.get_username(),
        after={"kind": str(factor.type)},
    )
