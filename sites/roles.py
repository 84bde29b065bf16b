"""From roles to rights: the login backend that knows who holds what, and for which hosts and sites.

A role held everywhere comes from Django's own groups or from a grant for everything. A grant for a
host covers all that is on it; for a site, the site and its containers; for a tag, the hosts and
sites that carry it. What concerns more than hosts and sites is never held by such a grant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

from audit.reach import EVERYWHERE, NOWHERE, Reach
from sites.models import Grant, Host, Site
from sites.rights import Viewer

# What of a role counts on single hosts and sites, and what a token must be allowed to for each.
SCOPES: Final[dict[str, frozenset[str]]] = {
    "read": frozenset(
        {
            "sites.view_host",
            "sites.view_site",
            "sites.view_container",
            "provisioning.view_operation",
        }
    ),
    "operate": frozenset(
        {"sites.operate_container", "sites.operate_host", "provisioning.cancel_operation"}
    ),
    "manage": frozenset({"sites.remove_container", "sites.manage_host", "sites.manage_tag"}),
    "audit": frozenset(
        {"audit.view_entry", "audit.cleanup_entry", "audit.verify_entry", "audit.export_entry"}
    ),
    "accounts": frozenset(
        {
            "sites.manage_grant",
            *(f"auth.{verb}_{kind}" for verb in ("add", "change", "delete", "view")
              for kind in ("user", "group")),
        }
    ),
}  # fmt: skip
_EVERYWHERE_ONLY: Final = SCOPES["accounts"] | {
    "sites.manage_tag",
    "audit.cleanup_entry",
    "audit.verify_entry",
    "audit.export_entry",
}
SCOPE_OF: Final = {one: scope for scope, several in SCOPES.items() for one in several}


class RoleBackend(ModelBackend):
    """Decides on rights; logging in is for other backends."""

    def authenticate(self, request: Any, *args: Any, **credentials: Any) -> None:
        return None

    def reach(self, user: Viewer, permission: str) -> Reach:
        """Where this account holds the permission; a token narrows it to its scopes."""
        if not isinstance(user, User) or not user.is_active:
            return NOWHERE
        scopes: frozenset[str] | None = getattr(user, "scopes", None)
        if scopes is not None and SCOPE_OF.get(permission) not in scopes:
            return NOWHERE
        if user.is_superuser:
            return EVERYWHERE
        return self._held(user).get(permission, NOWHERE)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """For Django's own pages: what is held everywhere."""
        if obj is not None or not user_obj.is_active or user_obj.is_anonymous:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        return {name for name, found in self._held(user_obj).items() if found.everywhere}

    def _held(self, user: User) -> dict[str, Reach]:
        """Read once for each object of an account, that is, for each request."""
        if not hasattr(user, "_held"):
            user._held = held_by(user)  # type: ignore[attr-defined]
        found: dict[str, Reach] = user._held  # type: ignore[attr-defined]
        return found


@dataclass(frozen=True, slots=True)
class Holding:
    """One permission of an account, how far it reaches, and what it comes from.

    ``role`` is empty for one that the account holds itself; ``grant`` is the row that gave the
    role, None for a role the account is a member of.
    """

    permission: str
    reach: Reach
    role: str = ""
    grant: int | None = None


def held_by(user: User) -> dict[str, Reach]:
    """All permissions of an account and where it holds each."""
    held: defaultdict[str, Reach] = defaultdict(Reach)
    for one in holdings(user):
        held[one.permission] |= one.reach
    return dict(held)


def holdings(user: User) -> Iterator[Holding]:
    """Why an account holds what it holds; whether it is disabled plays no part here."""
    yield from _by_membership(user)
    grants = list(_grants(user))
    tagged = _tagged({tag for *_, tag in grants if tag})
    for app, name, role, grant, host, site, near, tag in grants:
        permission = f"{app}.{name}"
        found = _reach(host, site, near, tagged.get(tag, NOWHERE) if tag else None)
        if found.everywhere or (permission in SCOPE_OF and permission not in _EVERYWHERE_ONLY):
            yield Holding(permission, found, role, grant)


def _by_membership(user: User) -> Iterator[Holding]:
    own = Permission.objects.filter(user=user).order_by()
    for app, name in own.values_list("content_type__app_label", "codename"):
        yield Holding(f"{app}.{name}", EVERYWHERE)
    groups = Group.objects.filter(user=user, permissions__isnull=False).order_by()
    names = ("permissions__content_type__app_label", "permissions__codename", "name")
    for app, name, role in groups.values_list(*names):
        yield Holding(f"{app}.{name}", EVERYWHERE, role)


def _grants(
    user: User,
) -> Iterable[tuple[str, str, str, int, int | None, int | None, int | None, int | None]]:
    """One row for each permission of each role given: the permission, the role, what it is for."""
    rows = Grant.objects.filter(Q(user=user) | Q(group__user=user), role__permissions__isnull=False)
    return rows.order_by().values_list(
        "role__permissions__content_type__app_label",
        "role__permissions__codename",
        "role__name",
        "pk",
        "host_id",
        "site_id",
        "site__host_id",
        "tag_id",
    )


def _reach(host: int | None, site: int | None, near: int | None, tagged: Reach | None) -> Reach:
    if tagged is not None:
        return tagged
    if host is not None:
        return Reach(hosts=frozenset({host}))
    if site is not None:
        return Reach(sites=frozenset({site}), near=frozenset({near} if near else ()))
    return EVERYWHERE


def _tagged(tags: set[int]) -> dict[int, Reach]:
    """The hosts and sites that carry each of these tags."""
    found: defaultdict[int, Reach] = defaultdict(Reach)
    if tags:
        for tag, host in Host.tags.through.objects.filter(tag__in=tags).values_list("tag", "host"):
            found[tag] |= Reach(hosts=frozenset({host}))
        rows = Site.objects.filter(tags__in=tags).values_list("tags", "pk", "host_id")
        for tag, site, near in rows:
            found[tag] |= Reach(sites=frozenset({site}), near=frozenset({near}))
    return found
