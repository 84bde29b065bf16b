"""What the page says of an account is what really happens, for generated roles and tokens."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone

from audit.record import Actor
from provisioning import engine
from provisioning.engine.errors import Refused
from provisioning.operations import VERBS
from siteflow.accounts.models import SCOPES, ApiToken
from siteflow.people.answers import answers, done, listed, seen
from siteflow.people.places import thing_named, written
from siteflow.people.subject import MODELS, Subject
from sites.models import Container, Grant, Host, Site, Tag
from sites.rows import EVERYTHING
from tests.people import person
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db
WORLDS = 16


class World:
    """Hosts, sites, containers and tags, and an account with roles as the dice have it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  (no secret)
        for name in ("alice", "bob", "admin"):
            person(name)
        self.hosts = [make_host(f"host{n}") for n in range(3)]
        self.sites = [
            Site.objects.create(host=host, project=name, name=name)
            for host in self.hosts
            for name in ("shop", "blog")
        ]
        self.containers = [make_container(host, f"alone{host.pk}") for host in self.hosts]
        self.containers += [make_container(s.host, f"web{s.pk}", site=s) for s in self.sites]
        self.tags = [Tag.objects.create(name=name) for name in ("red", "blue")]
        thing: Any
        for thing in (*self.hosts, *self.sites):
            thing.tags.set(self.dice.sample(self.tags, self.dice.choice([0, 0, 1, 2])))
        self.user = self._somebody()
        self.token = self._token() if self.dice.random() < 0.4 else None

    def _somebody(self) -> User:
        user = person("charlie")
        user.is_superuser, user.is_active = self.dice.random() < 0.1, self.dice.random() < 0.9
        user.save()
        team = Group.objects.create(name="team")
        odd = Group.objects.create(name="odd")
        odd.permissions.set(self.dice.sample(list(_permissions()), 4))
        if self.dice.random() < 0.5:
            user.groups.add(team)
        if self.dice.random() < 0.2:
            user.groups.add(odd)
        for _ in range(self.dice.randrange(5)):
            self._grant(user, team)
        return user

    def _grant(self, user: User, team: Group) -> None:
        name = self.dice.choice(["viewer", "viewer", "operator", "operator", "admin", "odd"])
        places: dict[str, list[Any]] = {"host": self.hosts, "site": self.sites, "tag": self.tags}
        kind = self.dice.choice(list(places))
        on = {} if self.dice.random() < 0.1 else {kind: self.dice.choice(places[kind])}
        to: dict[str, Any] = self.dice.choice([{"user": user}, {"group": team}])
        Grant.objects.get_or_create(role=Group.objects.get(name=name), **to, **on)

    def _token(self) -> ApiToken:
        scopes = self.dice.sample(SCOPES, self.dice.randrange(1, 5))
        return ApiToken.objects.create(
            user=self.user, name="t", digest="0", scopes=scopes, created_at=timezone.now()
        )

    @property
    def things(self) -> list[Host | Site | Container]:
        return [*self.hosts, *self.sites, *self.containers]

    @property
    def actor(self) -> Actor:
        scopes = frozenset(self.token.scopes) if self.token else None
        return Actor(user_id=self.user.pk, name="charlie", source="api", scopes=scopes)

    def visitor(self) -> Any:
        """The account as a request of its own has it."""
        user: Any = User.objects.get(pk=self.user.pk)
        user.scopes = self.actor.scopes
        return user


def _permissions() -> Any:
    return Permission.objects.filter(content_type__app_label__in=("sites", "provisioning"))


@pytest.fixture(params=range(WORLDS))
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return World(request.param)


def really_may(world: World, kind: str, thing: Any) -> bool:
    """Whether the engine lets it begin; what it would have done is taken back."""
    with transaction.atomic():
        try:
            engine.start(kind, thing, actor=world.actor)
        except Refused:
            return False
        except Exception as error:  # beyond the permission: parameters, confirmation
            assert getattr(error, "status", 500) in (409, 422), error
        finally:
            transaction.set_rollback(True)
    return True


def test_the_answer_for_each_thing_is_what_happens(world: World) -> None:
    subject = Subject(world.user, world.token)
    visible = {
        thing for model in MODELS.values() for thing in model.objects.visible_to(world.visitor())
    }
    for thing in world.things:
        kind = thing._meta.model_name
        see, *verbs = answers(subject, thing)
        assert see.yes == (thing in visible)
        kinds = [verb for verb in VERBS.values() if verb.target_type == kind and verb.target]
        assert [one.label for one in verbs] == [verb.label for verb in kinds]
        for answer, verb in zip(verbs, kinds, strict=True):
            assert answer.yes == really_may(world, verb.kind, thing), (verb.kind, str(thing))
            assert answer.why and all(answer.why)


def test_numbers_and_lists_are_those_of_the_answers(world: World) -> None:
    subject = Subject(world.user, world.token)
    for line in (*seen(subject, visitor=EVERYTHING), *done(subject, visitor=EVERYTHING)):
        own = [thing for thing in world.things if thing._meta.model_name == line.kind]
        found = listed(subject, line.key, visitor=EVERYTHING)
        assert found is not None
        _, permission, rows = found
        assert line.total == len(own) and line.number == rows.count()
        open_to = [thing for thing in own if subject.may(permission, thing)]
        assert set(rows) == set(open_to)
        reasons = {why for thing in open_to for why in subject.why(permission, thing)}
        if open_to:
            assert set(line.why) == reasons
        else:
            assert len(line.why) == 1 and "grant" not in line.why[0]


def test_each_reason_alone_gives_the_right(world: World) -> None:
    """A right is explained by all grants it comes from: without them it is gone."""
    subject = Subject(world.user)
    for thing in world.things:
        permission = f"sites.view_{thing._meta.model_name}"
        why = " ".join(subject.why(permission, thing))
        if not subject.may(permission, thing) or "member" in why or "superuser" in why:
            continue
        with transaction.atomic():
            named = [g.pk for g in Grant.objects.all() if f"(grant {g.pk}" in why]
            assert named
            Grant.objects.filter(pk__in=named).delete()
            assert not Subject(world.user).may(permission, thing)
            transaction.set_rollback(True)


def test_every_thing_has_a_name_that_finds_it(world: World) -> None:
    for thing in (*world.things, *world.tags):
        assert thing_named(written(thing), to=EVERYTHING) == thing


# -- in words --------------------------------------------------------------------------------


def test_reasons_are_told_in_words(charlie: User) -> None:
    person("alice")
    host = make_host("web1")
    shop = Site.objects.create(host=host, project="shop", name="shop")
    team = Group.objects.create(name="agency")
    charlie.groups.add(team)
    role = Group.objects.get(name="operator")
    grant = Grant.objects.create(role=role, group=team, site=shop)
    see = "sites.view_site"
    assert Subject(charlie).why(see, shop) == [
        f"operator on site shop (grant {grant.pk}, group agency)"
    ]
    assert Subject(charlie).why("sites.view_host", host) == ["no role allows it here"]
    token = ApiToken(user=charlie, scopes=["read"])
    assert Subject(charlie, token).why("sites.operate_container", shop) == [
        "the token has no scope operate"
    ]
    assert Subject(charlie, token).extent(see) == "1 site"
    assert Subject(charlie).extent("sites.manage_host") == ""
    charlie.groups.add(role)
    assert Subject(charlie).why(see, shop)[0] == "member of operator"
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    assert Subject(charlie).why(see)[0] == "superuser"
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    assert Subject(charlie).sources(see) == ["the account is disabled"]


def test_five_hundred_sites_cost_a_constant_number_of_queries(
    charlie: User, django_assert_max_num_queries: Any
) -> None:
    person("alice")
    host = make_host("web1")
    sites = Site.objects.bulk_create(
        Site(host=host, project=f"p{n}", name=f"p{n}") for n in range(500)
    )
    role = Group.objects.get(name="operator")
    Grant.objects.bulk_create(Grant(role=role, user=charlie, site=one) for one in sites[:200])
    with django_assert_max_num_queries(30):
        subject = Subject(charlie)
        lines = seen(subject, visitor=EVERYTHING) + done(subject, visitor=EVERYTHING)
    assert [line.number for line in lines if line.key == "site.see"] == [200]
