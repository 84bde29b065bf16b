"""How far a permission reaches: everywhere, nowhere, or to some hosts and sites."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_backends
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


@dataclass(frozen=True, slots=True)
class Reach:
    """``hosts`` are whole hosts; ``near`` those that only carry some of ``sites``."""

    everywhere: bool = False
    hosts: frozenset[int] = frozenset()
    sites: frozenset[int] = frozenset()
    near: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.hosts or self.sites)

    @classmethod
    def union(cls, several: Collection[Reach]) -> Reach:
        return cls(
            any(one.everywhere for one in several),
            frozenset().union(*(one.hosts for one in several)),
            frozenset().union(*(one.sites for one in several)),
            frozenset().union(*(one.near for one in several)),
        )

    def covers(self, host: int | None, site: int | None = None) -> bool:
        """Whether what is on this host and belongs to this site lies within."""
        return self.everywhere or host in self.hosts or site in self.sites

    def touches(self, host: int | None) -> bool:
        """Whether anything on this host may lie within."""
        return self.everywhere or host in self.hosts or host in self.near

    def within(self, *, host: str = "", site: str = "") -> Q:
        """The rows that lie within, by the names of their columns.

        For ``filter`` by itself: everywhere is an empty Q, which an ``|`` would lose.
        """
        if self.everywhere:
            return Q()
        found = Q(pk__in=())
        if host and self.hosts:
            found |= Q(**{f"{host}__in": self.hosts})
        if site and self.sites:
            found |= Q(**{f"{site}__in": self.sites})
        return found


NOWHERE: Final = Reach()
EVERYWHERE: Final = Reach(everywhere=True)


def reach(user: User | AnonymousUser, permission: str) -> Reach:
    """Where an account holds a permission, by the login backend that knows of roles."""
    for backend in get_backends():
        if hasattr(backend, "reach"):
            found: Reach = backend.reach(user, permission)
            return found
    return NOWHERE
