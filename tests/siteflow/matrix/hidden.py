"""What some may not see, made while they look, and what nobody but some may change."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.utils import timezone

from audit.record import record
from monitoring.history.levels import LEVELS
from monitoring.history.summaries import Summary, Summed
from monitoring.history.writing import write_minutes
from monitoring.metrics import SeriesKey
from monitoring.notify.models import Channel
from provisioning.models import Operation, Rollout, Wizard
from siteflow.accounts.models import ApiToken, Login
from sites.models import Container, Grant, Host, Tag
from tests.monitoring.alerts.things import make_alert, make_window
from tests.provisioning.backups.things import backed_up, make_source
from tests.provisioning.logs.things import make_archive
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import make_quarantine, make_rollout, make_site
from tests.siteflow.matrix.visitors import Visitor

# Each sees another part of what there is; the others see what one of these does.
COMPARED: Final = frozenset({
    "no role", "looker", "viewer", "operator of this site", "admin of this host", "admin",
    "clerk of accounts", "registrar",
})  # fmt: skip
# The list of accounts tells how many tokens each has, the others count rows or add some.
TELLS_OF_ALL: Final = frozenset({"admin/auth/user/", "admin/auth/user/ action=delete_selected",
                                 "admin/auth/user/ action=log_out", "admin/health/",
                                 "/api/health/detailed",
                                 "/api/audit/export", "/api/audit/verify"})  # fmt: skip
BYSTANDER: Final = "idle"  # whose account no question is about


def add_hidden(world: Any, visitor: Visitor) -> None:
    _of_bystander(world.people[BYSTANDER])
    if not visitor.can("look"):
        host = make_host("hidden1", state="unreachable")
        site = make_site(host, "hidden", template="hidden-template")
        make_site(host, "hidden2", template="plain")
        make_quarantine(host, "hidden-old")
        _used(host)
        backed_up(site, make_source(host, host, error_code="timeout", error="hidden"))
        hidden = make_container(host, "hidden-web-1", site=site, state="exited", exit_code=1)
        _all_of(hidden)
        make_archive(hidden)
        made = make_alert(hidden), make_alert(host), make_window(site)
        assert all(made)
    if not visitor.can("give"):
        Tag.objects.create(name="hidden-tag")
    if not visitor.can("channels"):
        _channel()
    for which in ("own", "foreign"):
        row = Container.objects.get(pk=world.keys["container", which])
        if not visitor.can("look", "container", which):
            beside = make_container(
                row.host, f"beside-{which}", site=row.site, state="exited", exit_code=1
            )
            make_alert(beside)
            make_archive(beside)
            make_window(row.site)
            _in_all_rollouts(row.site)
        if not visitor.can("operations", "operation", which):
            _operations(row)
        if not visitor.can("audit", "entry", which):
            _entry(row)


def _used(host: Host) -> None:
    """A number in what all hosts use together."""
    minute = LEVELS[0].begin(timezone.now().timestamp() - 120)
    summed = Summed(1, "cgroup", {"cpu_percent": Summary(99, 99, 99)})
    write_minutes([(SeriesKey("host", host.pk), minute, summed)])


def _of_bystander(user: User) -> None:
    now = timezone.now()
    common: dict[str, Any] = {"user": user, "created_at": now}
    ApiToken.objects.create(**common, name="hidden", prefix="sf_hidden", digest="hidden")
    Login.objects.create(**common, kind="program", refresh_id=uuid.uuid4(), last_seen_at=now,
                         expires_at=now + timedelta(days=1))  # fmt: skip
    Wizard.objects.create(kind="ssh_host", owner=user, step="connection",
                          state={"connection": {"name": "hidden"}})  # fmt: skip
    factor = Authenticator(user=user, type=Authenticator.Type.TOTP, data={"secret": ""})
    Authenticator.objects.bulk_create([factor])  # nothing of it goes on record


def _channel() -> None:
    now = timezone.now()
    row = Channel.objects.create(name="hidden", kind="json", retry_at=now)
    row.deliveries.create(
        key="hidden", kind="firing", severity="critical", title="hidden", state="given_up",
        created_at=now, next_at=now, give_up_at=now, ended_at=now, error="hidden",
    )  # fmt: skip


def _in_all_rollouts(site: Any) -> None:
    """Also in those of sites that the visitor sees, and in one more."""
    make_rollout(site)
    told = {"wave": 9, "base": 1, "number": 2, "status": "failed", "message": "hidden"}
    for row in Rollout.objects.exclude(sites__site=site):
        row.sites.create(site=site, **told)


def _all_of(row: Container) -> None:
    _operations(row)
    _entry(row)


def _operations(row: Container) -> None:
    """Of the container and of its host: one under way, one that failed."""
    now = timezone.now()
    targets: tuple[tuple[str, Container | Host], ...] = (("container", row), ("host", row.host))
    for kind, target in targets:
        for status in ("queued", "failed"):
            Operation.objects.create(
                kind=f"{kind}.restart", target_type=kind, target_id=target.pk,
                target_name="hidden", host=row.host, host_name=row.host.name,
                site=row.site if kind == "container" else None, source="command",
                created_at=now, deadline_at=now, status=status, message="hidden",
            )  # fmt: skip


def _entry(row: Container) -> None:
    targets: tuple[tuple[str, Container | Host], ...] = (("container", row), ("host", row.host))
    for kind, target in targets:
        record(
            phase="event", action=f"{kind}.hidden", status="succeeded", actor=COMMAND,
            target_type=kind, target_id=target.pk, target_name="hidden", place=target.place,
        )  # fmt: skip


def untouchable(visitor: Visitor) -> set[tuple[Any, ...]]:
    """Rows that no accepted request of this visitor may add: ended ways in of somebody else, and,
    for who gives no roles, rights.
    """
    found: set[tuple[Any, ...]] = set()
    for rows, ended in ((Login.objects, "ended_at"), (ApiToken.objects, "revoked_at")):
        gone = rows.filter(user__username=BYSTANDER).exclude(**{ended: None})
        found |= {(ended, key) for key in gone.values_list("pk", flat=True)}
    if not visitor.can("give"):
        for model in (User.groups.through, User.user_permissions.through, Grant):
            found |= {(model.__name__, key) for key in model.objects.values_list("pk", flat=True)}
        group = Group.permissions.through.objects.values_list("pk", flat=True)
        found |= {("permission", key) for key in group}
    if visitor.account != "root":
        supers = User.objects.filter(is_superuser=True).values_list("pk", flat=True)
        found |= {("superuser", key) for key in supers}
    return found
