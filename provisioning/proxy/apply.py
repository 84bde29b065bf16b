"""A host's proxy is made to serve what the rows say: prepared, loaded, asked, or put back.

Called by verbs, within a step of theirs. All of it can be begun again by another worker: what is
there already is left alone, and what was there before stands in the operation's journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from provisioning.certificates.models import check_soon
from provisioning.drivers.caddy_config import digest, found, is_edited, mark_of, ours
from provisioning.drivers.caddy_load import load
from provisioning.drivers.caddy_vhost import Json
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.proxy import before
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import admin_of, proxy_of, put_acme_root
from provisioning.proxy.plan import Plan, plan
from provisioning.proxy.plan_lines import plan_lines
from provisioning.proxy.probing import probe, trouble
from provisioning.proxy.upstreams import reached_as
from provisioning.proxy.wanted import wanted
from sites.models import Host, Site

__all__ = ["apply_all", "apply_site", "probe", "remove_site", "switch_upstream", "take_back"]
_QUICK_S = 3.0
_FOLLOWED = 20  # names of trouble that are told, of however many


@dataclass
class Outcome:
    """Of a sync: what was done and, by name, what is not served as wanted, and why."""

    changed: int = 0
    left: dict[str, str] = field(default_factory=dict)


def apply_site(op: Op, host: HostDriver, row: Host, site: Site | None = None) -> None:
    """Serves a site's domains as its rows say, each of which must then be answered.

    Otherwise everything is as before, and VerbError says why: ``proxy_refused`` with Caddy's own
    words, ``proxy_edited`` for a vhost that somebody changed by hand, ``proxy_no_answer``.
    """
    proxy, target = proxy_of(row), site or op.target
    whole = plan(host, row, proxy=proxy)
    names = {name for name, key in whole.wanted.sites.items() if key == target.pk}
    problems = {name: whole.wanted.problems[name] for name in names & set(whole.wanted.problems)}
    _raise(row, problems, code="proxy_refused")
    part = whole.of(names)
    _say(op, part)
    before.remember(op, host, row, part)
    try:
        _prepare(host, row, part)
        changes = part.changes
        admin = admin_of(host, row, proxy)
        _raise(row, load(admin, changes, allow=_unedited(row, changes)), code="proxy_refused")
        _raise(row, _silent(host, row, proxy, names), code="proxy_no_answer")
    except (Exception, SystemExit):  # whatever it was: first as before, then the caller hears of it
        _back_after_failure(op, host, row)
        raise
    _loaded(host, row, proxy)


def remove_site(op: Op, host: HostDriver, row: Host, site: Site) -> None:
    """Takes a site's domains out of the proxy; their rows may still be there. Twice is once."""
    proxy = Proxy.objects.filter(host=row).first()
    if proxy is None:
        return
    whole = plan(host, row, proxy=proxy)
    names = {name for name, key in whole.wanted.sites.items() if key == site.pk}
    gone = {name: None for name in whole.seen.vhosts if name in names}
    keys = {key: None for key in whole.seen.upstreams if key.startswith(f"{site.project}.")}
    part = Plan(whole.seen, whole.wanted, dict(gone), dict(keys))
    before.remember(op, host, row, part)
    load(admin_of(host, row, proxy), gone, allow=_unedited(row, gone))
    before.write(host, row, part.upstreams)
    _loaded(host, row, proxy)


def switch_upstream(
    op: Op, host: HostDriver, row: Host, site: Site, *, service: str, container: str, port: int,
    is_web: bool = True,
) -> None:  # fmt: skip
    """From the next request on, all that went to a service goes to this container.

    No configuration is loaded, and no request is lost: what is under way is brought to its end by
    the container it went to. ``is_web``: the service is also the one that domains without a
    service of their own mean. If a domain is not answered then, it is switched back: VerbError.
    """
    proxy = proxy_of(row)
    whole = plan(host, row, proxy=proxy)
    names = {name for name, key in whole.wanted.sites.items() if key == site.pk}
    services = {service, ""} if is_web else {service}
    place = _place(host, container) if proxy.is_service else container
    texts: dict[str, str | None] = {
        key: f"{place}:{one.port or port}"
        for key, one in whole.wanted.upstreams.items()
        if one.project == site.project and one.service in services
    }
    before.remember(op, host, row, Plan(whole.seen, whole.wanted, {}, texts))
    try:
        before.write(host, row, texts)
        _raise(row, _silent(host, row, proxy, names), code="proxy_no_answer")
    except (Exception, SystemExit):  # as above
        _back_after_failure(op, host, row)
        raise
    op.say(f"{site} is served by {container} from now on.")


def _place(host: HostDriver, container: str) -> str:
    """Its address, which an upstream's file names where the proxy is a service of the host."""
    place = reached_as(host.docker.container(container), by_address=True)
    if not place:
        raise VerbError(f"{container} has no address in any network.", code="proxy_no_answer")
    return place


def take_back(op: Op, host: HostDriver, row: Host) -> bool:
    """Puts back what this operation found; False when it has changed nothing at the proxy."""
    proxy = Proxy.objects.filter(host=row).first()
    if proxy is None or not before.put_back(op, host, row, proxy):
        return False
    _loaded(host, row, proxy)
    return True


def _back_after_failure(op: Op, host: HostDriver, row: Host) -> None:
    try:
        take_back(op, host, row)
    except DriverError as left:
        op.say(f"The proxy was not put back: {left.message}", stream="stderr")


def apply_all(op: Op, host: HostDriver, row: Host, *, plan_digest: str = "") -> Outcome:
    """Serves all that the rows of a host say. What cannot be served keeps only itself out.

    Raises VerbError ``proxy_edited`` when somebody has changed ours by hand and no plan with that
    in it was agreed to, ``stale_plan`` when the one agreed to is no longer what would happen.
    """
    proxy = proxy_of(row)
    whole = plan(host, row, proxy=proxy)
    _agreed(op, row, whole, plan_digest)
    _say(op, whole)
    answered = _answered(op, host, proxy, whole)
    before.remember(op, host, row, whole)
    _prepare(host, row, whole)
    refused = load(
        admin_of(host, row, proxy), whole.changes, clean=bool(plan_digest),
        allow=_same_edit(row, whole) if plan_digest else _no_edit(row),
    )  # fmt: skip
    worse = {
        name: words
        for name in set(answered) - set(refused)
        if name in whole.wanted.vhosts and (words := _trouble(host, proxy, whole, name))
    }
    if worse:
        before.put_back(op, host, row, proxy, names=worse)
    _loaded(host, row, proxy)
    before.forget(op)
    left = {**whole.wanted.problems, **refused, **worse}
    return Outcome(len(whole.changes) - len(set(whole.changes) & set(left)), left)


def _prepare(host: HostDriver, row: Host, part: Plan) -> None:
    """The files that Caddy is to find when it loads."""
    if any(one and one.tls for one in part.changes.values()):
        put_acme_root(host, row)
    before.write(host, row, part.upstreams)


def _answered(op: Op, host: HostDriver, proxy: Proxy, whole: Plan) -> list[str]:
    """Of the vhosts that will change, those that are answered now: they must be then, too."""
    known: list[str] | None = op.recall("answered")
    if known is None:
        there = [name for name, one in whole.changes.items() if one and name in whole.seen.vhosts]
        known = [one for one in there if not _trouble(host, proxy, whole, one, patience_s=0)]
        op.remember(answered=known)
    return known


def _agreed(op: Op, row: Host, whole: Plan, plan_digest: str) -> None:
    if op.taken_over and op.recall("agreed"):
        return  # by the worker before; what it has done meanwhile made another plan of it
    if plan_digest and plan_digest != whole.digest:
        raise VerbError(
            f"What would be done at the proxy of {row.name} is no longer what this plan says.",
            code="stale_plan",
        )
    if whole.is_edited and not plan_digest:
        raise _edited(row, whole.edited)
    op.remember(agreed=True)


def _unedited(row: Host, names: Iterable[str]) -> Callable[[Json], None]:
    def allow(config: Json) -> None:
        there = found(config)
        if edited := [name for name in names if name in there and there[name].is_edited]:
            raise _edited(row, edited)

    return allow


def _no_edit(row: Host) -> Callable[[Json], None]:
    def allow(config: Json) -> None:
        if is_edited(config):
            raise _edited(row, [name for name, one in found(config).items() if one.is_edited])

    return allow


def _same_edit(row: Host, whole: Plan) -> Callable[[Json], None]:
    """The edit that was agreed to lose, and no other that came since."""
    agreed = digest(ours(whole.seen.config))

    def allow(config: Json) -> None:
        if is_edited(config) and digest(ours(config)) != agreed:
            raise _edited(row, [name for name, one in found(config).items() if one.is_edited])

    return allow


def _edited(row: Host, names: list[str]) -> VerbError:
    what = ", ".join(sorted(names)[:_FOLLOWED]) or "something beside the domains"
    return VerbError(
        f"Somebody has changed the proxy of {row.name} by hand: {what}. Look at the plan and give "
        "its digest, and that change is taken back.",
        code="proxy_edited",
    )


def _silent(host: HostDriver, row: Host, proxy: Proxy, names: set[str]) -> dict[str, str]:
    """Of these names those under which nobody answers, and why."""
    vhosts = wanted(row).vhosts
    troubles = {
        name: trouble(host, proxy, name, tls=vhosts[name].tls)
        for name in sorted(names & set(vhosts))
    }
    return {name: words for name, words in troubles.items() if words}


def _trouble(
    host: HostDriver, proxy: Proxy, whole: Plan, name: str, *, patience_s: float = _QUICK_S
) -> str:
    tls = whole.wanted.vhosts[name].tls
    return trouble(host, proxy, name, tls=tls, patience_s=patience_s)


def _raise(row: Host, troubles: dict[str, str], *, code: str) -> None:
    if troubles:
        told = "; ".join(f"{name}: {words}" for name, words in sorted(troubles.items())[:_FOLLOWED])
        raise VerbError(f"The proxy of {row.name} goes on as before. {told}", code=code)


def _say(op: Op, one: Plan) -> None:
    op.say("\n".join(plan_lines(one)) or "The proxy serves all of it already.")


def _loaded(host: HostDriver, row: Host, proxy: Proxy) -> None:
    """On our row: what was loaded last, and when."""
    mark = mark_of(admin_of(host, row, proxy).read().config)
    check_soon(row.domains.all())
    Proxy.objects.filter(pk=proxy.pk).update(loaded_hash=mark, loaded_at=timezone.now(), error="")
