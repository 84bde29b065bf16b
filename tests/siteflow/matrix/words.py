"""What is sent to log in, and to go on with a login: good ones and such as no longer count."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.utils import timezone

from siteflow.accounts import access
from siteflow.accounts.models import Login
from tests.siteflow.accounts.ways import give_app

# word of a body → whose login it goes on with
_REFRESHES: Final = {
    "GOOD_REFRESH": "alice",
    "ENDED_REFRESH": "alice",
    "HELD_REFRESH": "guarded",
    "DISABLED_REFRESH": "disabled",
}


def logging_in(people: dict[str, User], begin: Callable[[User], Login]) -> dict[str, str]:
    """The account ``coded`` has an authenticator app, and codes that do not change with time."""
    codes = give_app(people["coded"])
    found = {word: _refresh(begin(people[name])) for word, name in _REFRESHES.items()}
    Login.objects.filter(refresh_id=_number(found["ENDED_REFRESH"])).update(ended_at=timezone.now())
    return {**found, "CODE": codes[0]}


def _refresh(login: Login) -> str:
    assert login.refresh_id is not None
    lasts = timedelta(hours=1)
    return access._signed(login, "refresh", login.refresh_id, timezone.now(), lasts)


def _number(text: str) -> uuid.UUID:
    return uuid.UUID(access._claims(text, "refresh")["jti"])
