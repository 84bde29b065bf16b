"""Verbs that put tags on hosts and sites. Roles can be given for a tag, so this gives rights."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.permission import holds
from sites.models import Grant, Host, Site, Tag

MAX_TAGS = 20
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=50)]


class Tags(BaseModel):
    """All tags the thing is to have: those it has and are not named are taken off."""

    model_config = ConfigDict(extra="forbid")
    tags: list[Word] = Field(max_length=MAX_TAGS)


def tag(op: Op, host: HostDriver) -> None:
    thing: Host | Site = op.target
    before = sorted(thing.tags.values_list("name", flat=True))
    wanted = sorted(set(op.params.tags))
    _may_give(op, set(before) ^ set(wanted))
    thing.tags.set([Tag.objects.get_or_create(name=name)[0] for name in wanted])
    # A tag that roles were given for stays, so that they hold again with its next use.
    Tag.objects.filter(hosts=None, sites=None, grant=None).delete()
    op.remember(before={"tags": before}, after={"tags": wanted})
    op.conclude(f"{thing} is tagged {', '.join(wanted)}." if wanted else f"{thing} has no tags.")


def _may_give(op: Op, names: set[str]) -> None:
    """To put on or take off a tag that roles were given for is to give or take away roles."""
    given = Grant.objects.filter(tag__name__in=names).order_by("tag__name")
    name = given.values_list("tag__name", flat=True).first()
    if name and not holds(op.actor, "sites.manage_grant", None):
        raise VerbError(
            f"tags: roles are given for {name}; only who gives roles can put it on or take it off.",
            code="forbidden",
            field="tags",
            status=403,
        )
