"""An account as lists and commands show it: its roles and where it holds them."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from siteflow.accounts.holds import FACTORS
from sites.models import Grant

COLUMNS: Final = (
    "id", "name", "roles", "active", "superuser", "second_factor", "tokens", "last_login",
)  # fmt: skip


def account_rows() -> QuerySet[User]:
    """Accounts with ``factor``, ``tokens`` and all that ``roles_told`` reads."""
    given = Grant.objects.select_related("role", "host", "site__host", "tag")
    alive = Q(api_tokens__revoked_at=None) & (
        Q(api_tokens__expires_at=None) | Q(api_tokens__expires_at__gt=timezone.now())
    )
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    return User.objects.annotate(
        factor=Exists(factor), tokens=Count("api_tokens", filter=alive, distinct=True)
    ).prefetch_related(
        "groups",
        Prefetch("grant_set", given, to_attr="given"),
        Prefetch("groups__grant_set", given, to_attr="passed_on"),
    )


def roles_told(user: Any) -> list[str]:
    """In words: "operator", "viewer on site shop", "viewer on host web1 (group agency)"."""
    told = [group.name for group in user.groups.all()]
    told += [_told(grant) for grant in user.given]
    for group in user.groups.all():
        told += [f"{_told(grant)} (group {group.name})" for grant in group.passed_on]
    return told


def account_out(user: Any) -> dict[str, Any]:
    return {
        "id": user.pk,
        "name": user.get_username(),
        "roles": roles_told(user),
        "active": user.is_active,
        "superuser": user.is_superuser,
        "second_factor": user.factor,
        "tokens": user.tokens,
        "last_login": user.last_login,
    }


def _told(grant: Grant) -> str:
    return f"{grant.role} on {grant.place}"
