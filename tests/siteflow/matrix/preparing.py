"""What is made so before some questions, and put back after them by whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from provisioning.models import Operation
from siteflow.accounts import access, password_login
from siteflow.accounts.holds import has_second_factor
from siteflow.accounts.models import Login
from sites.models import Domain, Grant, Host, Site


@contextmanager
def prepared(what: str) -> Iterator[None]:
    """Rows are the caller's to roll back."""
    if not what:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        _PREPARED[what](patch)
        yield


def _idle(patch: pytest.MonkeyPatch) -> None:
    Operation.objects.active().update(status="failed")


def _older(patch: pytest.MonkeyPatch) -> None:
    """Sites of a version before the one there is."""
    _idle(patch)
    Site.objects.update(template_version=0, params={"site_title": "Shop"})


def _undomained(patch: pytest.MonkeyPatch) -> None:
    """A site that is served is not given back."""
    Domain.objects.all().delete()


def _last_manager(patch: pytest.MonkeyPatch) -> None:
    """Nobody but admin holds both rights that it takes: others have one of them each."""
    role = Group.objects.get(name="admin")
    User.objects.filter(is_superuser=True).update(is_active=False)
    for user in User.objects.filter(groups=role).exclude(username="admin"):
        user.groups.remove(role)
    User.objects.filter(username="registrar").update(is_active=False)
    clerk, host = User.objects.get(username="clerk"), Host.objects.first()
    Grant.objects.create(role=role, user=clerk, host=host)


def _jump(patch: pytest.MonkeyPatch) -> None:
    """The visitors' host is reached through the foreign one."""
    line = Host.objects.get(name="alien1").offered_key
    Host.objects.filter(name="web1").update(
        connection="ssh", address="192.0.2.7", username="a", host_key=line,
        via=Host.objects.get(name="alien1"),
    )  # fmt: skip


def _by_ssh(patch: pytest.MonkeyPatch) -> None:
    """Only such hosts can be NAS."""
    Host.objects.update(connection="ssh", address="192.0.2.7", username="a")


def _logins_ended(patch: pytest.MonkeyPatch) -> None:
    """A request that is on its way while its login is ended."""
    Login.objects.update(ended_at=timezone.now())


def _ended_meanwhile(patch: pytest.MonkeyPatch) -> None:
    """The login is ended after it was looked at."""
    look = access._open_login

    def then_end(*args: Any) -> Login:
        login = look(*args)
        Login.objects.filter(pk=login.pk).update(ended_at=timezone.now())
        return login

    patch.setattr(access, "_open_login", then_end)


def _disabled_meanwhile(patch: pytest.MonkeyPatch) -> None:
    """The account is disabled after its password was looked at."""
    look = has_second_factor

    def then_disable(user: User) -> bool:
        User.objects.filter(pk=user.pk).update(is_active=False)
        return look(user)

    patch.setattr(password_login, "has_second_factor", then_disable)


_PREPARED: Final = {
    "idle": _idle,
    "older": _older,
    "no domains": _undomained,
    "last manager": _last_manager,
    "jump": _jump,
    "by ssh": _by_ssh,
    "logins ended": _logins_ended,
    "ended meanwhile": _ended_meanwhile,
    "disabled meanwhile": _disabled_meanwhile,
}
