"""What there is for the visitors to find: twice of everything, once theirs and once foreign."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import jwt
import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from audit.record import Actor, record
from monitoring.alerts.models import Rule
from monitoring.health.parts import Found
from monitoring.notify.models import Channel
from provisioning import engine
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.keys import generate_ed25519
from provisioning.models import Operation, Quarantine, Wizard
from provisioning.site_templates.models import SiteTemplate
from siteflow.accounts import access, tokens
from siteflow.accounts.models import ApiToken, Login, Profile
from sites.models import Container, Domain, Grant, Host, Site, Tag
from tests.monitoring.alerts.things import make_alert, make_window
from tests.people import ROLES, person
from tests.provisioning.backups.things import backed_up, make_source
from tests.provisioning.logs.things import make_archive
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import (
    make_quarantine,
    make_release,
    make_rollout,
    make_site,
    nothing_there,
)
from tests.provisioning.terminal_rows import make_terminal
from tests.siteflow import permission_table as table
from tests.siteflow.matrix.visitors import ALL_SCOPES, VISITORS, Visitor
from tests.siteflow.matrix.words import logging_in
from tests.siteflow.things import no_lines

MISSING: Final = 999_999
GUARDED: Final = "guarded"  # the role that asks for a second factor
# A name of each says whose it is, so that a page that tells too much can be recognised.
NAMES: Final = {"own": "shop", "foreign": "alien"}
TAKEN: Final = "taken.example.com"  # by a foreign site, of which it says nothing
HOSTS: Final = {"own": "web1", "foreign": "alien1"}
# Roles are given for the second: only who gives roles takes it off.
TAGS: Final = {"own": "shop-tag", "foreign": "alien-tag"}
TEMPLATES: Final = {"own": "plain", "foreign": "fancy"}  # seen by whoever sees any site
# Names nothing of either site: a plan that did would tell one visitor of the other's.
_EMPTY_HOST: Final = nothing_there(
    "fresh", model={"name": "fresh", "services": {"web": {"image": "nginx:1.27"}}}
)
# As pickers offer them to who may see them.
LISTED: Final = ("host:alien1", "site:shop@web1", "site:alien@alien1")
OPERATION_MARK, ENTRY_MARK = "operation-mark", "entry-mark"
_CONNECTION: Final = {"name": "new", "address": "192.0.2.1", "username": "a"}
_STEPS: Final = {"test": "ssh_test", "previous": "docker_test", "complete": "confirm"}
ACCOUNTS: Final = ("looker", "here", "elsewhere", "keeper", "guest", "coded")
MOVES: Final = ("", "step", "next", "previous", "test", "complete", "cancel")

# A slow machine needs more than the five minutes of a real access token.
LASTS: Final = timedelta(hours=1)


class World:
    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], Any] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.cookies: dict[str, dict[str, str]] = {}
        self.texts: dict[str, str] = {"GRANTED": TAGS["foreign"]}  # words of bodies
        self.texts["LATER"] = (timezone.now() + 24 * LASTS).isoformat()
        self.people = {name: person(name) for name in ROLES}
        for which in ("own", "foreign"):
            self._things(which)
        self._accounts()
        self._own_things()
        self._ways_in()

    def key(self, kind: str, which: str, visitor: Visitor, move: str = "") -> Any:
        """What stands in the address for such a thing."""
        if which == "missing" and kind == "slug":
            return "missing"
        if which == "missing":
            return uuid.UUID(int=0) if kind == "login" else MISSING
        if kind in ("token", "login", "wizard"):
            return self._of_account(kind, which, visitor, move)
        return self.keys[kind + (f":{move}" if move else ""), which]

    def _of_account(self, kind: str, which: str, visitor: Visitor, move: str) -> Any:
        other = "admin" if visitor.account == "root" else "root"
        account = visitor.account if which == "own" else other
        at = f"{kind}:{move}" if move else kind
        return self.keys.get((at, account)) or self.keys[at, "admin"]

    # -- rows ----------------------------------------------------------------------------------

    def _things(self, which: str) -> None:
        name = NAMES[which]
        # As if just looked at, for as long as this lasts: no page changes by itself.
        host = make_host(
            HOSTS[which],
            offered_key=generate_ed25519("").public_line,
            inventory_at=timezone.now() + LASTS,
        )
        site = make_site(host, name)
        make_release(site)
        rests = make_quarantine(host, f"{name}-old")
        domain = Domain.objects.create(
            host=host, site=site, name=f"{name}.example.com", basic_auth={"dave": "$2b$12$hash"}
        )
        if which == "foreign":
            other = make_site(host, f"{name}-other")
            Domain.objects.create(host=host, site=other, name=TAKEN)
        self.keys |= {(kind, which): domain.pk for kind in ("domain", "certificate")}
        self.names |= {(kind, which): domain.name for kind in ("domain", "certificate")}
        row = make_container(host, f"{name}-web-1", site=site)
        backed_up(site, make_source(host, host, root=table.NAS_FOLDER))
        self.keys |= {("host", which): host.pk, ("site", which): site.pk}
        self.keys |= {("sitebackup", which): site.pk}
        self.names |= {("sitebackup", which): site.name}
        self.keys |= {("container", which): row.pk, ("quarantine", which): rests.pk}
        self.keys |= {("fingerprint", which): host.offered_fingerprint}
        self.names |= {("host", which): host.name, ("container", which): row.name}
        self.names |= {("site", which): site.name, ("quarantine", which): rests.name}
        self.keys |= {("keptlog", which): make_archive(row).pk}
        for state in ("", "retry"):
            beside = make_container(host, f"{name}-{state or 'db'}-1", site=site)
            operation = engine.start("container.restart", beside, actor=COMMAND)
            ended = {"status": "failed", "finished_at": timezone.now()} if state else {}
            rows = Operation.objects.filter(pk=operation.pk)
            rows.update(message=OPERATION_MARK, **ended)
            self.keys[f"operation:{state}" if state else "operation", which] = operation.pk
        for move, status in (("", "running"), (":resume", "stopped")):
            self.keys[f"rollout{move}", which] = make_rollout(site, status=status).pk
        self._alerts(which, row, site)
        self.keys["terminal", which] = make_terminal(row, last=LASTS).pk
        template = SiteTemplate.objects.create(slug=TEMPLATES[which])
        template.versions.create(number=1, **table.TEMPLATE)
        self.keys |= {("template", which): template.pk, ("slug", which): template.slug}
        self.names |= {(kind, which): template.slug for kind in ("template", "slug")}
        self._channel(which, host)
        entry = record(
            phase="event", action="host.seen", status="succeeded", actor=COMMAND,
            target_type="container", target_id=row.pk, target_name=row.name, host_name=host.name,
            place=row.place, output=ENTRY_MARK,
        )  # fmt: skip
        self.keys["entry", which] = entry.pk if entry is not None else None

    def _alerts(self, which: str, row: Container, site: Site) -> None:
        """Rules are one's who manages all of them; their two are alike."""
        made = Rule.objects.create(name=f"{site.name} rule", kind="container_down")
        window = make_window(site, why=f"{site.name} works")
        told = {"id": 1, "label": OPERATION_MARK, "status": "failed", "at": "12:00"}
        alert = make_alert(row, cause={"operation": told})
        self.keys |= {("alert", which): alert.pk, ("rule", which): made.pk}
        self.keys["maintenance", which] = window.pk

    def _channel(self, which: str, host: Host) -> None:
        """With something that waits to be told; nothing is sent here."""
        row = Channel.objects.create(name=f"{which} channel", kind="json", scope="host", host=host)
        row.seal("json://192.0.2.1/")
        row.save()
        now = timezone.now()
        sent = row.deliveries.create(
            key="mark", kind="firing", severity="critical", title=f"{which} notice", created_at=now,
            next_at=now, give_up_at=now + LASTS,
        )  # fmt: skip
        self.keys |= {("channel", which): row.pk, ("delivery", which): sent.pk}
        self.names |= {("channel", which): row.name, ("delivery", which): sent.title}

    def _accounts(self) -> None:
        for name in (*ACCOUNTS, "disabled", "guarded", "outdated"):
            self.people[name] = self._account(name)
        for name in ("root", "chief"):
            self.people[name] = self._account(name, is_superuser=True)
        admin = Group.objects.get(name="admin")
        for name in ("disabled", "guarded", "outdated"):
            self.people[name].groups.add(admin)
        self.people["guarded"].groups.add(Group.objects.create(name=GUARDED))
        looker = Group.objects.create(name="looker")
        looker.permissions.set(
            Permission.objects.filter(content_type__app_label="sites", codename__startswith="view_")
        )
        self.people["looker"].groups.add(looker)
        self._account_keepers(looker)
        self._grants()
        self._accounts_to_change(looker)

    def _account_keepers(self, looker: Group) -> None:
        """Each with a part of what accounts and roles take."""
        ours = Permission.objects.filter(content_type__app_label="auth")
        whole = ours.filter(content_type__model__in=("user", "group"))
        give = Permission.objects.filter(codename="manage_grant")
        see = whole.filter(codename__startswith="view_")
        held = {
            "clerk": whole, "giver": see | give, "registrar": whole | give,
            "maker": see | whole.filter(codename__startswith="add_"),
            "changer": whole.exclude(codename__startswith="add_"),
        }  # fmt: skip
        for name, permissions in held.items():
            self.people[name] = self._account(name)
            if name != "registrar":
                self.people[name].groups.add(looker)
            self.people[name].user_permissions.set(permissions)

    def _accounts_to_change(self, looker: Group) -> None:
        """Of the accounts one is a superuser's, of the roles one is built in."""
        idle, crew = self._account("idle"), Group.objects.create(name="crew")
        crew.permissions.set(looker.permissions.all())
        idle.groups.add(crew)
        self.people["idle"] = idle
        self.keys["manager", "own"] = self.people["admin"].pk
        viewer, admin = Group.objects.get(name="viewer"), Group.objects.get(name="admin")
        self.people["chief"].groups.add(viewer)
        host = Host.objects.get(pk=self.keys["host", "own"])
        for which, user, role in (
            ("own", self.people["bob"], crew),
            ("foreign", self.people["chief"], admin),
        ):
            member = idle if role == crew else self.people["disabled"]
            of_user = Grant.objects.create(role=viewer, user=user, host=host)
            of_role = Grant.objects.create(role=viewer, group=role, host=host)
            self.keys |= {("account", which): user.pk, ("role", which): role.pk}
            self.keys |= {("account:grant", which): of_user.pk, ("role:grant", which): of_role.pk}
            self.keys |= {("group", which): viewer.pk}
            self.names |= {("account", which): user.username, ("role", which): member.username}

    def _account(self, name: str, **given: Any) -> User:
        user = User(username=name, **given)
        user.set_password(f"{name}'s own")
        user.save()
        return user

    def _grants(self) -> None:
        """Each in another way: to a person and to a group, for a site, a tag and a host."""
        operator, admin = Group.objects.get(name="operator"), Group.objects.get(name="admin")
        site = Site.objects.get(pk=self.keys["site", "own"])
        host = Host.objects.get(pk=self.keys["host", "own"])
        Grant.objects.create(role=operator, user=self.people["here"], site=site)
        Grant.objects.create(role=operator, user=self.people["guest"], site=site)
        self.people["guest"].groups.add(Group.objects.get(name="viewer"))
        Grant.objects.create(role=admin, user=self.people["keeper"], host=host)
        team, tag = Group.objects.create(name="team"), Tag.objects.create(name=TAGS["foreign"])
        self.people["elsewhere"].groups.add(team)
        Site.objects.get(pk=self.keys["site", "foreign"]).tags.add(tag)
        Grant.objects.create(role=operator, group=team, tag=tag)

    def _own_things(self) -> None:
        """A spare token of each account, and wizards of both admins at every step.

        Others have a wizard from the time when they saw its host.
        """
        for name, user in self.people.items():
            self.keys["token", name] = self._token(user, ALL_SCOPES)[0].pk
            self.keys["login", name] = self._login(user).pk
        for name in ("admin", "root"):
            for move in MOVES:
                row = self._wizard(self.people[name], name, move)
                self.keys[f"wizard:{move}" if move else "wizard", name] = row.pk
        for name in ("charlie", "keeper"):
            self.keys["wizard", name] = self._wizard(self.people[name], name, "").pk

    def _token(self, user: User, scopes: tuple[str, ...]) -> tuple[ApiToken, str]:
        return tokens.make(user, name="spare", scopes=scopes, expires_at=None, actor=COMMAND)

    def _login(self, user: User) -> Login:
        now = timezone.now()
        return Login.objects.create(
            user=user, kind="program", refresh_id=uuid.uuid4(), created_at=now, last_seen_at=now,
            expires_at=now + timedelta(days=1),
        )  # fmt: skip

    def _wizard(self, owner: User, name: str, move: str) -> Wizard:
        """Where this move can be made: its host is tested and its key approved."""
        now, line = timezone.now(), generate_ed25519("").public_line
        host = make_host(
            f"{name}-{move or 'read'}", connection="ssh", address="192.0.2.1", username="a",
            host_key=line, offered_key=line, state="setup_pending", preflight_at=now,
            inventory_at=now + LASTS,
            preflight=[{"name": one, "verdict": "ok"} for one in ("login", "docker")],
        )  # fmt: skip
        tested = engine.start("host.test", host, actor=COMMAND)
        done = {"status": "succeeded", "started_at": now - timedelta(minutes=1)}
        Operation.objects.filter(pk=tested.pk).update(**done)
        return Wizard.objects.create(
            kind="ssh_host", owner=owner, step=_STEPS.get(move, "connection"), host=host,
            state={"connection": {**_CONNECTION, "name": host.name},
                   "authentication": {"auth": "keep"}},
            results={step: {"operation": tested.pk} for step in ("ssh_test", "docker_test")},
        )  # fmt: skip

    # -- ways in -------------------------------------------------------------------------------

    def _ways_in(self) -> None:
        self.texts |= logging_in(self.people, self._login)
        for visitor in VISITORS:
            self.headers[visitor.name], self.cookies[visitor.name] = {}, {}
            if visitor.way == "session":
                self.cookies[visitor.name] = self._session(visitor)
            elif visitor.way != "none":
                text = self._bearer(visitor)
                self.headers[visitor.name] = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
        self.people["disabled"].is_active = False
        self.people["disabled"].save(update_fields=["is_active"])
        Profile.objects.create(user=self.people["outdated"], must_change_password=True)

    def _session(self, visitor: Visitor) -> dict[str, str]:
        browser = Client()
        browser.force_login(self.people[visitor.account])
        key = str(browser.cookies[settings.SESSION_COOKIE_NAME].value)
        if visitor.name == "ended session":
            browser.session.flush()
        return {settings.SESSION_COOKIE_NAME: key}

    def _bearer(self, visitor: Visitor) -> str:
        user = self.people[visitor.account]
        if visitor.way == "login":
            return self._jwt(visitor.name, user)
        if visitor.name == "unknown token":
            return tokens.BEGINS_WITH + "x" * 43
        token, text = self._token(user, visitor.scopes or ())
        now = timezone.now()
        changed = {"revoked token": {"revoked_at": now}, "expired token": {"expires_at": now}}
        ApiToken.objects.filter(pk=token.pk).update(**changed.get(visitor.name, {}))
        return text

    def _jwt(self, name: str, user: User) -> str:
        login, now, number = self._login(user), timezone.now(), uuid.uuid4()
        if name == "ended login":
            Login.objects.filter(pk=login.pk).update(ended_at=now)
        if name == "expired login":
            now -= 2 * LASTS
        use = "refresh" if name == "refresh token" else "access"
        text = access._signed(login, use, number, now, LASTS)
        if name != "forged login":
            return text
        claims = jwt.decode(text, options={"verify_signature": False})
        return jwt.encode(claims, "k" * 32, algorithm="HS256")


_UNWELL: Final = Found(ok=False, words="Nobody looks.", details={"monitors": 0})


@contextmanager
def surroundings() -> Iterator[None]:
    """No worker is told of anything, and what reads a host finds one in memory."""
    fake = FakeHost()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provisioning.engine.accept.ring", lambda key: None)
        patch.setattr("provisioning.logs.reading.host_driver", lambda target: fake)
        patch.setattr("monitoring.logs.sources.host_driver", lambda target: fake)
        patch.setattr("provisioning.things.asking.host_driver", lambda target: fake)
        patch.setattr("provisioning.inspecting.host_driver", lambda target: fake)
        patch.setattr("provisioning.new_container.planning.host_driver", lambda target: fake)
        patch.setattr("provisioning.plans.asking.host_driver", lambda target: fake)
        patch.setattr("provisioning.plans.asking.read_found", lambda *given: _EMPTY_HOST)
        patch.setattr("provisioning.engine.worker.host_driver", lambda target: fake)
        for part in ("monitor", "queue"):  # with whose state time would have its say
            patch.setattr(f"siteflow.overview.thing_needs.{part}", lambda: _UNWELL)
        patch.setattr(fake.docker, "logs", lambda *args, **given: [], raising=False)
        patch.setattr(fake.docker, "log_stream", no_lines, raising=False)
        patch.setattr(fake.docker, "inspect", lambda *args: {}, raising=False)
        logging.disable(logging.ERROR)  # what is refused thousands of times is no news
        try:
            with override_settings(SECOND_FACTOR_ROLES=[GUARDED], ALLOWED_HOSTS=["testserver"]):
                yield
        finally:
            logging.disable(logging.NOTSET)


@contextmanager
def world_in_a_transaction() -> Iterator[World]:
    """Rolled back at the end."""
    with surroundings(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def actor_of(user: User) -> Actor:
    return Actor(user_id=user.pk, name=user.username, source="ws")


def targets() -> dict[str, type[Any]]:
    return {"host": Host, "site": Site, "container": Container, "domain": Domain,
            "quarantine": Quarantine}  # fmt: skip
