"""Plans for people: whoever may carry one out may look at it. Nothing is changed on the host."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, ValidationError

from audit.record import Actor
from provisioning.drivers.hostile import storable
from provisioning.drivers.pool import host_driver
from provisioning.engine.errors import BadParams, Refused
from provisioning.new_container.asked import NewContainer
from provisioning.new_container.planning import plan as plan_container
from provisioning.operations import VERBS
from provisioning.operations.contract import Op, Verb, VerbError
from provisioning.operations.site_deprovision import Parts, current, parts_of
from provisioning.operations.site_records import NewSite
from provisioning.operations.site_release import chosen
from provisioning.operations.site_work import Work
from provisioning.permission import holds
from provisioning.plans.asking import plan_new, plan_release
from provisioning.plans.elsewhere import conflicts
from provisioning.plans.shape import Plan, Problem
from provisioning.releases import drafting
from provisioning.releases.models import Release
from provisioning.targets import target_of
from provisioning.things.asking import images_on
from provisioning.things.models import DiskMeasure
from provisioning.things.owning import owned_on
from provisioning.things.pruning import PrunePlan, plan_of
from sites.answers import NotFound
from sites.models import Host, Site
from sites.rights import Viewer
from sites.rows import EVERYTHING

Asked = TypeVar("Asked", bound=BaseModel)
_NO_RUN: Final = cast(Op, None)  # only looks: whoever tries to journal something fails
PLANNED: Final = ("site.provision", "site.release", "site.rollback")


def preview_new(
    host: Host, told: dict[str, Any], *, actor: Actor, reuse_volumes: bool = False
) -> Plan:
    """Of a site that does not exist yet. Raises Refused, BadParams, VerbError and DriverError."""
    _permit(actor, VERBS["site.provision"], host)
    return plan_new(host, checked(told), reuse_volumes=reuse_volumes)


def preview(
    site: Site,
    kind: str,
    *,
    number: int | None = None,
    actor: Actor,
    reuse_volumes: bool = False,
) -> Plan:
    """Of one of ``PLANNED``, with or without "site." before it. Raises the same."""
    kind = kind if kind.startswith("site.") else f"site.{kind}"
    if kind not in PLANNED:
        raise BadParams("There are plans of provision, release and rollback.", field="kind")
    _permit(actor, VERBS[kind], site)
    row = release_for(site, kind, number)
    plan, _, _ = plan_release(kind, row, reuse_volumes=reuse_volumes)
    return plan


def preview_container(host: Host, told: dict[str, Any], *, actor: Actor) -> Plan:
    """Of a container that does not exist yet. Raises the same."""
    _permit(actor, VERBS["container.create"], host)
    return plan_container(host, as_asked(told))


def as_asked(told: dict[str, Any]) -> NewContainer:
    """Raises BadParams naming the first field."""
    return _validated(NewContainer, told)


def parts_on_host(site: Site, *, actor: Actor) -> Parts:
    """What removing the site would meet on its host. Raises Refused, VerbError and DriverError."""
    _permit(actor, VERBS["site.deprovision"], site)
    release = current(site)
    if release is None:
        raise VerbError(f"{site.name} was not made by SiteFlow: adopt it.", code="conflict")
    driver = host_driver(target_of(site.host))
    return parts_of(Work.of(_NO_RUN, driver, release))


def preview_prune(host: Host, *, all_unused: bool, actor: Actor) -> PrunePlan:
    """What a prune of the host's images would take. Raises Refused and DriverError."""
    _permit(actor, VERBS["image.prune"], host)
    measure = DiskMeasure.objects.filter(host=host).first()
    return plan_of(
        images_on(host),
        owned_on(host, user=EVERYTHING),  # of owners nothing is told here
        all_unused=all_unused,
        own=measure.images if measure else None,
    )


def problems_of_new(host: Host, told: dict[str, Any], *, actor: Actor) -> list[Problem]:
    """What can be said of a new site without asking its host. Raises the same as a preview."""
    _permit(actor, VERBS["host.add-site"], host)
    draft = drafting.draft(host, checked(told), by="")
    return list(conflicts(host, draft.site.name, draft.domain_names))


def release_for(site: Site, kind: str, number: int | None) -> Release:
    """The release that this verb would act on. Raises VerbError when there is none."""
    if kind != "site.provision":
        return chosen(site, kind, number)
    row = site.releases.order_by("number").last()
    if row is None:
        raise VerbError(f"{site.name} was not made by SiteFlow: adopt it.", code="conflict")
    return row


def checked(told: dict[str, Any]) -> dict[str, Any]:
    """Complete, with the defaults of what was not said. Raises BadParams naming the first field."""
    return _validated(NewSite, told).model_dump()


def _validated(schema: type[Asked], told: dict[str, Any]) -> Asked:
    try:
        return schema.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadParams(f"{field}: {first['msg']}.", field=field) from None


def host_for(given: str | int | None, user: Viewer) -> Host:
    """By name or key; None stands for the only one. Raises NotFound and BadParams."""
    if given in (None, ""):
        rows = list(Host.objects.open_to(user, "sites.manage_site")[:2])
        if len(rows) != 1:
            raise BadParams("Say on which host.", field="host")
        return rows[0]
    text = _searchable(str(given), "host")
    visible = Host.objects.visible_to(user).select_related("credential", "via")
    row = visible.filter(name__iexact=text).first()
    if row is None and text.isascii() and text.isdigit() and len(text) <= 18:
        row = visible.filter(pk=int(text)).first()
    if row is None:
        raise NotFound("host")
    return row


def site_named(name: str, host: str | int | None, user: Viewer) -> Site:
    """The one managed site of that name. Raises NotFound, and BadParams when there are several."""
    rows = Site.objects.visible_to(user).filter(name=_searchable(name, "site"), managed=True)
    if host not in (None, ""):
        rows = rows.filter(host=host_for(host, user))
    found = list(rows[:2])
    if not found:
        raise NotFound("site")
    if len(found) > 1:
        raise BadParams(f"Several hosts have a site {name}: say which host.", field="host")
    return found[0]


def _searchable(text: str, kind: str) -> str:
    """What no database could hold is nothing's name."""
    if storable(text, limit=255) != text:
        raise NotFound(kind)
    return text


def _permit(actor: Actor, verb: Verb, thing: Host | Site) -> None:
    if not holds(actor, verb.permission, thing):
        raise Refused(f"{actor.name or 'You'} may not {verb.label.lower()} this.")
