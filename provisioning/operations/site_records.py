"""Verbs on our own record of a site: drafts, prepared releases, pins. They reach no host."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.db.models import F
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from provisioning import inventory
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.plans.elsewhere import RESERVED, conflicts
from provisioning.releases import drafting
from provisioning.releases.editing import Configuration, edited
from provisioning.releases.numbers import base_of, next_number
from sites.models import Host, Site

NAME: Final = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
ENVIRONMENT: Final = r"^[a-z][a-z0-9-]{0,19}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]


class NewSite(BaseModel):
    """``params`` are the template's own, by its schema. Without ``domain`` nothing is served."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    template: str = Field(max_length=60)
    template_version: int | None = Field(default=None, ge=1)
    tenant: Name = "sites"
    environment: Annotated[str, StringConstraints(pattern=ENVIRONMENT)] = "production"
    domain: str | None = Field(default=None, max_length=253)
    aliases: list[str] = Field(default_factory=list, max_length=50)
    tls: Literal["acme", "internal", "off"] = "acme"
    params: dict[str, Any] = Field(default_factory=dict)


class Pin(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int = Field(ge=1)
    pinned: bool = True


def add(op: Op, host: HostDriver) -> None:
    """A draft of a new site with its first release. Nothing is done on the host yet."""
    row: Host = op.target
    given: NewSite = op.params
    for field in ("name", "tenant"):  # <sites root>/siteflow is the proxy's
        if (text := getattr(given, field)) in RESERVED:
            raise VerbError(f"{text} is SiteFlow's own name.", code="name_taken", field=field)
    Host.objects.select_for_update().get(pk=row.pk)
    draft = drafting.draft(row, given.model_dump(), by=op.actor.name)
    for problem in conflicts(row, given.name, draft.domain_names):
        if problem.blocking:
            raise VerbError(problem.message, code=problem.code)
    site = draft.save()
    op.remember(after={"site": site.name, "template": given.template, "domain": given.domain})
    inventory.publish_site(site)
    op.conclude(f"{site.name} is planned on {row.name}.", host=row.pk, site=site.pk)


def configure(op: Op, host: HostDriver) -> None:
    """Prepares the next release: nothing changes on the host before it is released."""
    site = Site.objects.select_for_update().get(pk=op.target.pk)
    given: Configuration = op.params
    if not site.managed:
        raise VerbError(f"{site.name} is not managed: adopt it first.", code="conflict")
    if site.revision != given.revision:
        words = f"{site.name} was changed meanwhile; look at it as it is now."
        raise VerbError(words, code="changed_meanwhile", field="revision")
    base = base_of(site)
    row = edited(base, given, number=next_number(site), by=op.actor.name)
    row.save(force_insert=True)
    Site.objects.filter(pk=site.pk).update(revision=F("revision") + 1)
    op.remember(before={"release": base.number}, after={"release": row.number})
    inventory.publish_site(site)
    op.conclude(f"Release {row.number} of {site.name} is prepared.", release=row.number)


def discard(op: Op, host: HostDriver) -> None:
    """Forgets a site that is only planned."""
    site = Site.objects.select_for_update().get(pk=op.target.pk)
    if not site.managed or site.stage != Site.Stage.DRAFT:
        raise VerbError(f"{site.name} is on its host: deprovision it.", code="conflict")
    if drafting.is_under_way(site):
        raise VerbError(f"{site.name} is being provisioned.", code="busy")
    op.remember(before={"site": site.name, "template": site.template})
    op.conclude(f"The draft of {site.name} is gone.")
    inventory.forget_site(site)


def pin(op: Op, host: HostDriver) -> None:
    """A pinned release is kept, however old it is."""
    given: Pin = op.params
    if not op.target.releases.filter(number=given.number).update(pinned=given.pinned):
        raise VerbError(f"{op.target.name} has no release {given.number}.", code="no_release")
    op.remember(after={"release": given.number, "pinned": given.pinned})
    word = "pinned" if given.pinned else "no longer pinned"
    op.conclude(f"Release {given.number} of {op.target.name} is {word}.")
