"""Which sites a version would be rolled out to, in which wave, and which are left out and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.record import Actor
from provisioning.engine.errors import BadParams
from provisioning.permission import reach_of
from provisioning.releases.drafting import template_of
from provisioning.releases.models import Release
from provisioning.rollouts.models import Rollout, RolloutSite
from sites.answers import NotFound
from sites.encryption import CannotDecrypt
from sites.models import Site
from sites.models.site import SiteQuerySet

MAX_SITES: Final = 200  # each is prepared in the same transaction
NEEDED: Final = ("sites.manage_site", "sites.operate_site")
_EDITED: Final = "it was edited by hand, which would be undone; name it to have it all the same"
NO_RIGHT: Final = "you may not change and release it"
Key = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Rolling(BaseModel):
    """``version``: the newest unless given. ``sites``: keys, of which the first is the first to be
    released; without them all of the template's on an older version."""

    model_config = ConfigDict(extra="forbid")
    template: str = Field(max_length=60)
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    sites: list[Key] | None = Field(default=None, min_length=1, max_length=MAX_SITES)
    wave_size: int = Field(default=5, ge=1, le=50)


def rolling(**values: Any) -> Rolling:
    """Raises BadParams for values that do not fit."""
    try:
        return Rolling.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0])
        raise BadParams(f"{field}: {first['msg']}.", field=field) from None


@dataclass
class Line:
    """A site and its wave; in none (0), ``reason`` says why."""

    site: Site
    wave: int = 0
    reason: str = ""

    @property
    def if_named(self) -> bool:
        """Left out only until it is named."""
        return self.reason in ("", _EDITED)


@dataclass
class Plan:
    template: str
    version: int
    wave_size: int
    sites: list[Line] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)


def plan(wanted: Rolling, *, actor: Actor, among: SiteQuerySet) -> Plan:
    """What beginning would do; changes nothing. ``among`` are the sites that the asker sees.

    Raises VerbError when there is no such version, NotFound for a site that is not among them.
    """
    template = template_of(wanted.template, wanted.version)
    made = Plan(template.id, template.version, wanted.wave_size)
    rows = chosen(wanted, among)
    reasons = _reasons(rows, made, by_name=wanted.sites is not None)
    reaches = [reach_of(actor, permission) for permission in NEEDED]
    for site in rows:
        if all(one.covers(*site.place) for one in reaches):
            reason = reasons.get(site.pk, "")
        else:
            reason = NO_RIGHT
        (made.left_out if reason else made.sites).append(Line(site, reason=reason))
    for index, line in enumerate(made.sites):  # one goes first, alone
        line.wave = 1 if index == 0 else 2 + (index - 1) // made.wave_size
    return made


def chosen(wanted: Rolling, among: SiteQuerySet) -> list[Site]:
    """The sites that are asked for, in that order. Raises NotFound."""
    rows = among.select_related("host").order_by("name", "pk")
    if wanted.sites is None:
        return list(rows.filter(template=wanted.template))
    found = {site.pk: site for site in rows.filter(pk__in=wanted.sites)}
    if found.keys() != set(wanted.sites):
        raise NotFound("site")
    return [found[key] for key in dict.fromkeys(wanted.sites)]


def _reasons(rows: list[Site], made: Plan, *, by_name: bool) -> dict[int, str]:
    """Why sites are left out, by their keys. Three queries, however many they are."""
    keys = [site.pk for site in rows]
    releases: defaultdict[int, list[Release]] = defaultdict(list)
    heavy = ("compose", "encrypted", "files", "images", "serving")
    for release in Release.objects.filter(site__in=keys).order_by("number").defer(*heavy):
        releases[release.site_id].append(release)
    told = RolloutSite.objects.filter(site__in=keys).values_list(
        "site", "number", "rollout", "rollout__status"
    )
    rollouts = {(site, number): (key, status) for site, number, key, status in told}
    found = {
        site.pk: next(_in_the_way(site, releases[site.pk], rollouts, made), "") for site in rows
    }
    if not by_name:
        found |= _by_hand({key: releases[key] for key in keys if not found[key]})
    return found


def _in_the_way(
    site: Site,
    releases: list[Release],
    rollouts: dict[tuple[int, int], tuple[int, str]],
    made: Plan,
) -> Iterator[str]:
    if not site.managed:
        yield "it is not managed"
    if site.template != made.template:
        yield f"it comes from {site.template or 'no template'}"
    current = next((one for one in releases if one.status == Release.Status.CURRENT), None)
    if site.stage != Site.Stage.LIVE or current is None:
        yield "it has no release that runs yet"
    elif (site.template_version or 0) >= made.version:
        yield f"it runs version {site.template_version} already"
    elif current.pinned:
        yield f"release {current.number}, which it runs, is pinned"
    last = releases[-1] if releases else None
    if last is not None and last.status == Release.Status.PREPARED:
        # What an ended rollout left behind is in nobody's way.
        key, status = rollouts.get((site.pk, last.number), (0, Rollout.Status.RUNNING))
        if status == Rollout.Status.RUNNING:
            by = f" by rollout {key}, which is under way" if key else ""
            yield f"release {last.number} waits, prepared{by}"


def _by_hand(releases: dict[int, list[Release]]) -> dict[int, str]:
    """Sites whose configuration was edited since they have this version: the new one would not
    have the edit. Told by the first release of the version that is kept."""
    pairs = {}
    for key, rows in releases.items():
        current = next(one for one in rows if one.status == Release.Status.CURRENT)
        same = (one for one in rows if one.template_version == current.template_version)
        if (first := next(same)) != current:
            pairs[key] = (first.pk, current.pk)
    full = Release.objects.in_bulk([one for pair in pairs.values() for one in pair])
    return {key: _EDITED for key, (one, two) in pairs.items() if _differ(full[one], full[two])}


def _differ(first: Release, current: Release) -> bool:
    """Secrets stay, whatever they are."""
    if first.compose != current.compose:
        return True
    try:
        told = [_open(one) for one in (first, current)]
    except CannotDecrypt:
        return True
    return told[0] != told[1]


def _open(release: Release) -> dict[str, str]:
    env = release.reveal()
    return {name: env[name] for name in env if name not in release.secret_names}
