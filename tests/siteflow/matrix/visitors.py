"""Who comes to SiteFlow, by which way, and what each of them holds where.

What the roles come to is written down here a second time, in the tests' own words, so that the
product's answer is compared with something it did not make itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LOOKER: Final = frozenset({"look"})
VIEWER: Final = LOOKER | {"operations", "audit"}
OPERATOR: Final = VIEWER | {"operate", "remove", "cancel", "exec"}
OF_ACCOUNTS: Final = frozenset(
    f"{act}_{what}" for act in ("see", "add", "change", "delete") for what in ("accounts", "roles")
)
ADMIN: Final = (
    OPERATOR
    | {"terminal", "replay", "manage", "reveal", "tag", "channels", "rules", "keep_audit", "give"}
    | OF_ACCOUNTS
)
# All of accounts and roles but giving them, and giving without anything else.
CLERK: Final = LOOKER | OF_ACCOUNTS
GIVER: Final = LOOKER | {"see_accounts", "see_roles", "give"}
# Of accounts and roles all, of what runs nothing; and those who only make or only change accounts.
REGISTRAR: Final = OF_ACCOUNTS | {"give"}
MAKER: Final = LOOKER | {"see_accounts", "see_roles", "add_accounts", "add_roles"}
CHANGER: Final = LOOKER | OF_ACCOUNTS - {"add_accounts", "add_roles"}
# What is never held for a part of what there is.
WHOLE: Final = OF_ACCOUNTS | {"tag", "channels", "rules", "keep_audit", "give"}
OF_SCOPE: Final = {
    "read": {"look", "operations"},
    "operate": {"operate", "cancel"},
    "manage": {"remove", "manage", "reveal", "tag", "channels", "rules"},
    "terminal": {"exec", "terminal", "replay"},
    "audit": {"audit", "keep_audit"},
    "accounts": OF_ACCOUNTS | {"give"},
}
ALL_SCOPES: Final = tuple(OF_SCOPE)
# (kind of thing, which of the two): what a role given for a part covers
OF_ALL: Final = frozenset(
    (kind, which) for kind in ("template", "slug") for which in ("own", "foreign")
)
ON_OWN_SITE: Final = OF_ALL | {
    (kind, "own")
    for kind in ("site", "container", "domain", "certificate", "sitebackup", "operation", "entry",
                 "rollout", "alert", "maintenance", "terminal", "keptlog")
}  # fmt: skip
ON_OWN_HOST: Final = ON_OWN_SITE | {("host", "own"), ("quarantine", "own")}
ON_FOREIGN_SITE: Final = OF_ALL | {(kind, "foreign") for kind, _ in ON_OWN_SITE}
EVERYWHERE: Final = None


@dataclass(frozen=True)
class Visitor:
    """``stopped``: "" for who gets in, "nobody" for who is as good as not logged in, "held"."""

    name: str
    account: str = ""
    way: str = "session"  # session, token, login (JSON web token) or none
    abilities: frozenset[str] = frozenset()
    covers: frozenset[tuple[str, str]] | None = field(default=EVERYWHERE)
    scopes: tuple[str, ...] | None = None
    stopped: str = ""
    forged: bool = False  # the session's cookie, but not the token that only our pages know
    also_here: frozenset[str] = frozenset()  # held on the own site, beside what is held everywhere
    only: str = ""  # asks for nothing but what begins with this

    def __str__(self) -> str:
        return self.name

    def can(self, ability: str, kind: str = "", which: str = "") -> bool:
        """For this thing; without a kind, for everything."""
        if ability in self.also_here and (kind, which) in ON_OWN_SITE:
            return True
        if not self._within_scopes(ability):
            return False
        if self.covers is EVERYWHERE:
            return which != "missing"
        return ability not in WHOLE and (kind, which) in self.covers

    def can_somewhere(self, ability: str) -> bool:
        if ability in self.also_here:
            return True
        return self._within_scopes(ability) and (self.covers is EVERYWHERE or ability not in WHOLE)

    @property
    def has_role(self) -> bool:
        """Whether the console lets it in: some page of its menu is for this visitor."""
        return any(self.can_somewhere(one) for one in (*VIEWER, "see_accounts"))

    def _within_scopes(self, ability: str) -> bool:
        if ability not in self.abilities:
            return False
        return self.scopes is None or any(ability in OF_SCOPE[scope] for scope in self.scopes)


VISITORS: Final = (
    Visitor("anonymous", way="none", stopped="nobody"),
    Visitor("no role", "charlie"),
    Visitor("looker", "looker", abilities=LOOKER),
    Visitor("viewer", "bob", abilities=VIEWER),
    Visitor("operator", "alice", abilities=OPERATOR),
    Visitor("admin", "admin", abilities=ADMIN),
    Visitor("superuser", "root", abilities=ADMIN),
    Visitor("clerk of accounts", "clerk", abilities=CLERK),
    Visitor("giver of roles", "giver", abilities=GIVER),
    Visitor("registrar", "registrar", abilities=REGISTRAR),
    Visitor("maker of accounts", "maker", abilities=MAKER, only="admin/auth/"),
    Visitor("changer of accounts", "changer", abilities=CHANGER, only="admin/auth/"),
    Visitor("operator of this site", "here", abilities=OPERATOR, covers=ON_OWN_SITE),
    Visitor("operator of another site", "elsewhere", abilities=OPERATOR, covers=ON_FOREIGN_SITE),
    Visitor("admin of this host", "keeper", abilities=ADMIN, covers=ON_OWN_HOST),
    Visitor("viewer, operator of this site", "guest", abilities=VIEWER, also_here=OPERATOR,
            only="admin/sites/container/"),
    # by other ways than a browser's session
    Visitor("program's login", "admin", "login", ADMIN),
    Visitor("full token", "admin", "token", ADMIN, scopes=ALL_SCOPES),
    Visitor("read token", "admin", "token", ADMIN, scopes=("read",)),
    Visitor("operate token", "admin", "token", ADMIN, scopes=("read", "operate")),
    Visitor("manage token", "admin", "token", ADMIN, scopes=("read", "manage")),
    Visitor("token of this site", "here", "token", OPERATOR, ON_OWN_SITE, scopes=ALL_SCOPES),
    # what does not let anybody in, though an admin's
    Visitor("expired login", "admin", "login", ADMIN, stopped="nobody"),
    Visitor("ended login", "admin", "login", ADMIN, stopped="nobody"),
    Visitor("forged login", "admin", "login", ADMIN, stopped="nobody"),
    Visitor("refresh token", "admin", "login", ADMIN, stopped="nobody"),
    Visitor("revoked token", "admin", "token", ADMIN, scopes=ALL_SCOPES, stopped="nobody"),
    Visitor("expired token", "admin", "token", ADMIN, scopes=ALL_SCOPES, stopped="nobody"),
    Visitor("unknown token", "admin", "token", ADMIN, scopes=ALL_SCOPES, stopped="nobody"),
    Visitor("ended session", "admin", "session", ADMIN, stopped="nobody"),
    Visitor("disabled, session", "disabled", "session", ADMIN, stopped="nobody"),
    Visitor("disabled, login", "disabled", "login", ADMIN, stopped="nobody"),
    Visitor("disabled, token", "disabled", "token", ADMIN, scopes=ALL_SCOPES, stopped="nobody"),
    # logged in, but something has to be done first
    Visitor("no second factor, session", "guarded", "session", ADMIN, stopped="held"),
    Visitor("no second factor, login", "guarded", "login", ADMIN, stopped="held"),
    Visitor("no second factor, token", "guarded", "token", ADMIN, scopes=ALL_SCOPES,
            stopped="held"),
    Visitor("old password, session", "outdated", "session", ADMIN, stopped="held"),
    Visitor("old password, login", "outdated", "login", ADMIN, stopped="held"),
    Visitor("old password, token", "outdated", "token", ADMIN, scopes=ALL_SCOPES, stopped="held"),
    # an admin's browser that another site makes send something
    Visitor("foreign form", "admin", abilities=ADMIN, forged=True),
)  # fmt: skip
