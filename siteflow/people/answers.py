"""The page "what can this account see and do": numbers, lists and answers for one thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from provisioning.operations import VERBS, verbs_of
from provisioning.operations.contract import Verb
from siteflow.people.places import written
from siteflow.people.subject import MODELS, Subject
from sites.models import Container, Host, Site
from sites.rights import Viewer
from sites.roles import SCOPES

MAX_FOUND = 20  # candidates of each kind


@dataclass(frozen=True)
class Line:
    """One thing that can be seen or done: for how many of all, and why."""

    key: str  # names its list in the address line; empty: it has none
    label: str
    kind: str
    number: int
    total: int
    why: list[str]


@dataclass(frozen=True)
class Answer:
    label: str
    yes: bool
    why: list[str]


@dataclass(frozen=True)
class Right:
    """What belongs to no list: its words, how far it reaches (empty: not at all), and why."""

    label: str
    extent: str
    why: list[str]


def seen(subject: Subject, *, visitor: Viewer) -> list[Line]:
    totals = _totals(visitor)
    return [_line(subject, kind, _view(kind), f"{kind}s", totals, visitor) for kind in MODELS]


def done(subject: Subject, *, visitor: Viewer) -> list[Line]:
    """The verbs on hosts, sites and containers; those of one permission are one line."""
    totals = _totals(visitor)
    lines = []
    for (kind, permission), verbs in _verbs().items():
        label = together(verbs)
        line = _line(subject, kind, permission, label, totals, visitor)
        lines.append(replace(line, key=verbs[0].kind))
    return lines


def together(verbs: list[Verb]) -> str:
    """ "Start, stop, restart"."""
    return ", ".join(verb.label for verb in verbs).capitalize()


def rights(subject: Subject) -> Iterator[tuple[str, list[Right]]]:
    """All else that a role can allow, by the scope a token needs for it."""
    listed = {_view(kind) for kind in MODELS} | {permission for _, permission in _verbs()}
    listed -= {verb.permission for verb in VERBS.values() if verb.target is None}
    words = permission_words()
    for scope, permissions in SCOPES.items():
        found = [_right(subject, one, words) for one in sorted(permissions - listed)]
        if found:
            yield scope, found


def answers(subject: Subject, thing: Host | Site | Container) -> list[Answer]:
    """Whether the thing is seen, and each verb on it."""
    kind = thing._meta.model_name or ""
    asked = [("See", _view(kind))]
    asked += [(verb.label, verb.permission) for verb in verbs_of(kind) if verb.target is not None]
    found = [
        Answer(label, subject.may(permission, thing), subject.why(permission, thing))
        for label, permission in asked
    ]
    for one in found:
        if one.yes and not found[0].yes:
            one.why.append("but it is not seen, so no page and no API offers it")
    return found


def listed(subject: Subject, key: str, *, visitor: Viewer) -> tuple[str, str, QuerySet[Any]] | None:
    """Title, permission and things of a line's list; None when there is no such line."""
    kind, _, name = key.partition(".")
    kind = VERBS[key].target_type if key in VERBS else kind
    if kind not in MODELS:
        return None
    if name == "see":
        title, permission = f"{kind.capitalize()}s seen", _view(kind)
    elif key in VERBS and VERBS[key].target is not None:
        permission = VERBS[key].permission
        title = f"{together(_verbs()[kind, permission])} {kind}s"
    else:
        return None
    rows = subject.open(kind, permission, visitor=visitor)
    if kind != "host":
        rows = rows.select_related("host")
    return title, permission, rows.order_by("name", "pk")


def candidates(text: str, *, visitor: Viewer) -> list[str]:
    """Names of things that hold the text, as the picker reads them."""
    wanted = Q(name__icontains=text)
    names = []
    for model in MODELS.values():
        rows: Any = model.objects
        found = rows.visible_to(visitor).filter(wanted).order_by("name", "pk")
        found = found if model is Host else found.select_related("host")
        names += [written(thing) for thing in found[:MAX_FOUND]]
    return names


def _line(
    subject: Subject, kind: str, permission: str, label: str, totals: dict[str, int], visitor: Any
) -> Line:
    number = subject.open(kind, permission, visitor=visitor).count()
    why = subject.sources(permission, kind)
    return Line(f"{kind}.see", label, kind, number, totals[kind], why)


def _totals(visitor: Viewer) -> dict[str, int]:
    rows: dict[str, Any] = {kind: model.objects for kind, model in MODELS.items()}
    return {kind: one.visible_to(visitor).count() for kind, one in rows.items()}


def _right(subject: Subject, permission: str, words: dict[str, str]) -> Right:
    label = words.get(permission, permission)
    return Right(label, subject.extent(permission), subject.sources(permission))


def permission_words() -> dict[str, str]:
    """What each permission allows: "Test, refresh and restart services of hosts", "View users"."""
    rows = Permission.objects.select_related("content_type").order_by()
    return {f"{one.content_type.app_label}.{one.codename}": _words(one) for one in rows}


def _words(one: Permission) -> str:
    """Django's own four are told in the singular of one row."""
    verb, _, model = one.codename.partition("_")
    kind = one.content_type.model_class()
    if (
        kind is not None
        and model == kind._meta.model_name
        and verb in kind._meta.default_permissions
    ):
        return f"{verb.capitalize()} {kind._meta.verbose_name_plural}"
    text = one.name.removeprefix("Can ")
    return text[:1].upper() + text[1:]


def _verbs() -> dict[tuple[str, str], list[Verb]]:
    """The verbs on things that roles can be held for, by kind and permission, in the table's order.

    Templates belong to nobody: their one permission is told among the other rights. What a site
    leaves behind takes the right that sites take.
    """
    found: defaultdict[tuple[str, str], list[Verb]] = defaultdict(list)
    for verb in VERBS.values():
        if verb.target is not None and verb.target_type in MODELS:
            found[verb.target_type, verb.permission].append(verb)
    return found


def _view(kind: str) -> str:
    return f"sites.view_{kind}"
