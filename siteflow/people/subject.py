"""What an account can see and do, and why: asked of the same rights that decide on everything."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet

from siteflow.accounts.models import ApiToken
from sites.models import Container, Grant, Host, Site
from sites.rights import may, may_on, place_of, reach
from sites.roles import SCOPE_OF, Holding, holdings

MODELS: dict[str, type[Host] | type[Site] | type[Container]] = {
    "host": Host,
    "site": Site,
    "container": Container,
}


class Subject:
    """An account as it comes in: by its own login, or by one of its tokens."""

    def __init__(self, user: User, token: ApiToken | None = None) -> None:
        self.user = User.objects.get(pk=user.pk)  # its rights are read once for each object
        self.token = token
        if token is not None:
            self.user.scopes = frozenset(token.scopes)  # type: ignore[attr-defined]
        self._holdings = list(holdings(self.user))
        keys = {one.grant for one in self._holdings if one.grant is not None}
        given = Grant.objects.select_related("group", "host", "site__host", "tag")
        self._grants = given.in_bulk(keys)

    def may(self, permission: str, thing: Model | None = None) -> bool:
        """For this thing; None: for everything there is."""
        return may_on(self.user, permission, thing) if thing else may(self.user, permission)

    def open(self, kind: str, permission: str, *, visitor: Any) -> QuerySet[Any]:
        """The things this subject holds the permission for; only those the visitor may see."""
        rows: Any = MODELS[kind].objects
        found: QuerySet[Any] = rows.visible_to(visitor).open_to(self.user, permission)
        return found

    def extent(self, permission: str) -> str:
        """How far a permission reaches, in words."""
        found = reach(self.user, permission)
        if found.everywhere:
            return "everywhere"
        parts = [(len(found.hosts), "host"), (len(found.sites), "site")]
        return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in parts if n)

    def why(self, permission: str, thing: Model | None = None) -> list[str]:
        """What gives this permission for the thing, or what stands in the way."""
        if self.may(permission, thing):
            return self._sources(permission, thing)
        return [self._why_not(permission, thing)]

    def sources(self, permission: str, kind: str = "") -> list[str]:
        """What gives it for anything at all, or for any host, site or container."""
        if reach(self.user, permission) and (told := self._told(self._of(permission, kind))):
            return told
        return [self._why_not(permission, None, kind)]

    def _sources(self, permission: str, thing: Model | None) -> list[str]:
        place = place_of(thing)
        return self._told(one for one in self._of(permission) if one.reach.covers(*place))

    def _why_not(self, permission: str, thing: Model | None, kind: str = "") -> str:
        if not self.user.is_active:
            return "the account is disabled"
        held = self._of(permission, kind)
        if not (self._sources(permission, thing) if thing else self._told(held)):
            return f"no role allows it{' here' if thing else ''}"
        scope = SCOPE_OF.get(permission)
        return f"the token has no scope {scope}" if scope else "no token is allowed to"

    def _of(self, permission: str, kind: str = "") -> list[Holding]:
        """A role on a site reaches no host."""
        return [
            one
            for one in self._holdings
            if one.permission == permission
            and (one.reach.everywhere or one.reach.hosts or (kind != "host" and one.reach.sites))
        ]

    def _told(self, found: Any) -> list[str]:
        superuser = ["superuser"] if self.user.is_superuser else []
        return superuser + sorted({self._source(one) for one in found})

    def _source(self, one: Holding) -> str:
        if one.grant is None:
            return f"member of {one.role}" if one.role else "given to the account itself"
        grant = self._grants[one.grant]
        through = f", group {grant.group}" if grant.group else ""
        return f"{one.role} on {grant.place} (grant {grant.pk}{through})"
