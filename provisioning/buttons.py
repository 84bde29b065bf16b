"""Buttons, made from the verb table: which verbs an account may use, and when each is offered."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model

from provisioning.operations import verbs_of
from provisioning.operations.contract import NoParams, Verb
from sites.rights import Reach, Viewer, place_of, reach

# In a row there is room for these; the others are in its menu.
_QUICK = {"start", "stop", "restart"}
_DANGEROUS = {"kill", "remove"}
# Asked for on a tab of the thing's page, with what is there now; not for several at once.
HAVE_TABS = frozenset({"container.limits"})


@dataclass(frozen=True)
class Button:
    """A verb as a page offers it. ``states`` empty: in any state."""

    verb: Verb
    kind: str
    name: str
    label: str
    states: frozenset[str]
    quick: bool
    danger: bool
    reach: Reach  # where the account may use it

    @property
    def when(self) -> str:
        """For the page's script, which shows and hides buttons as states change."""
        return " ".join(sorted(self.states))

    @property
    def asks(self) -> bool:
        """Leads to a page that asks for the typed name, instead of acting at once."""
        return self.verb.confirm

    @property
    def has_options(self) -> bool:
        return self.verb.params is not NoParams and not self.verb.confirm

    def offered(self, state: str) -> bool:
        return not self.states or state in self.states


def buttons(user: Viewer, target_type: str, thing: Model | None = None) -> list[Button]:
    """What this account may do with such targets, or with this one, in the table's order."""
    found = [_button(verb, reach(user, verb.permission)) for verb in verbs_of(target_type)
             if verb.kind not in HAVE_TABS]  # fmt: skip
    if thing is None:
        return [each for each in found if each.reach]
    return [each for each in found if each.reach.covers(*place_of(thing))]


def _button(verb: Verb, reach: Reach) -> Button:
    return Button(
        verb,
        verb.kind,
        verb.name,
        verb.label,
        verb.when,
        quick=verb.name in _QUICK,
        danger=verb.confirm or verb.name in _DANGEROUS,
        reach=reach,
    )
