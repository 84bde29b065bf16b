"""Who holds what, and where: users, groups, hosts, sites, tags, tokens."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import IntegrityError, transaction

from audit.models import Entry
from audit.record import Actor, record
from provisioning.models import Operation
from sites.models import Container, Grant, Host, Site, Tag
from sites.rights import EVERYWHERE, NOWHERE, Reach, may, may_on, may_somewhere, reach
from sites.roles import _EVERYWHERE_ONLY, SCOPES
from tests.people import person
from tests.provisioning.rows import make_container, make_host, make_operation

pytestmark = pytest.mark.django_db


class World:
    """Two hosts with a site and a container each, and one container that is of no site."""

    def __init__(self) -> None:
        person("bob"), person("alice"), person("admin")
        self.one, self.two = make_host("one"), make_host("two")
        self.shop = Site.objects.create(host=self.one, project="shop", name="shop")
        self.blog = Site.objects.create(host=self.two, project="blog", name="blog")
        self.alone = make_container(self.one, "alone")
        self.shop_web = make_container(self.one, "shop-web", site=self.shop)
        self.blog_web = make_container(self.two, "blog-web", site=self.blog)


@pytest.fixture
def world(db: None) -> World:
    return World()


def role(name: str) -> Group:
    return Group.objects.get(name=name)


def anew(user: User) -> User:
    """As the next request reads it."""
    return User.objects.get(pk=user.pk)


def seen(user: User) -> set[str]:
    return {str(row) for model in (Host, Site, Container) for row in model.objects.visible_to(user)}


def test_nothing_without_a_role(world: World, charlie: User) -> None:
    assert seen(charlie) == set()
    assert reach(charlie, "sites.view_host") == NOWHERE
    assert reach(AnonymousUser(), "sites.view_host") == NOWHERE


def test_a_role_on_a_site_shows_the_site_and_its_containers(world: World, charlie: User) -> None:
    Grant.objects.create(role=role("viewer"), user=charlie, site=world.shop)
    assert seen(charlie) == {"shop", "shop-web"}
    found = reach(charlie, "sites.view_container")
    assert found == Reach(sites=frozenset({world.shop.pk}), near=frozenset({world.one.pk}))
    assert found.touches(world.one.pk) and not found.touches(world.two.pk)
    assert may_somewhere(charlie, "sites.view_host") and not may(charlie, "sites.view_host")


def test_a_role_on_a_host_covers_all_that_is_on_it(world: World, charlie: User) -> None:
    Grant.objects.create(role=role("operator"), user=charlie, host=world.one)
    assert seen(charlie) == {"one", "shop", "shop-web", "alone"}
    assert may_on(charlie, "sites.operate_container", world.shop_web)
    assert not may_on(charlie, "sites.operate_container", world.blog_web)
    assert not may_on(charlie, "sites.manage_host", world.one)


def test_a_role_on_a_tag_follows_the_tag(world: World, charlie: User) -> None:
    tag = Tag.objects.create(name="client-a")
    Grant.objects.create(role=role("viewer"), user=charlie, tag=tag)
    assert seen(charlie) == set()
    world.two.tags.add(tag)
    world.shop.tags.add(tag)
    assert seen(anew(charlie)) == {"two", "blog", "blog-web", "shop", "shop-web"}
    world.two.tags.clear()
    assert seen(anew(charlie)) == {"shop", "shop-web"}


def test_a_group_of_people_can_hold_roles(world: World, charlie: User) -> None:
    group = Group.objects.create(name="agency")
    charlie.groups.add(group)
    Grant.objects.create(role=role("viewer"), group=group, site=world.blog)
    Grant.objects.create(role=role("operator"), user=charlie, site=world.shop)
    assert seen(charlie) == {"blog", "blog-web", "shop", "shop-web"}
    assert may_on(charlie, "sites.operate_container", world.shop_web)
    assert not may_on(charlie, "sites.operate_container", world.blog_web)


def test_a_grant_for_everything_is_the_role_itself(world: World, charlie: User) -> None:
    Grant.objects.create(role=role("admin"), user=charlie)
    assert may(charlie, "sites.manage_host") and may(charlie, "auth.change_user")
    assert charlie.has_perm("auth.change_user")  # what Django's own pages ask
    assert len(seen(charlie)) == 7


def test_an_admin_of_one_host_manages_no_accounts(world: World, charlie: User) -> None:
    Grant.objects.create(role=role("admin"), user=charlie, host=world.one)
    assert may_on(charlie, "sites.manage_host", world.one)
    for permission in _EVERYWHERE_ONLY:
        assert reach(charlie, permission) == NOWHERE, permission
    assert charlie.get_all_permissions() == set()


def test_operations_and_audit_entries_follow_their_place(world: World, charlie: User) -> None:
    Grant.objects.create(role=role("viewer"), user=charlie, site=world.shop)
    for target in (world.shop_web, world.blog_web, world.alone):
        row = make_operation(target)
        record(
            phase="event", action="container.restart", status="accepted",
            actor=Actor.system("x"), target_name=target.name, place=row.place,
        )  # fmt: skip
    record(phase="event", action="auth.login", status="failed", actor=Actor.system("x"))
    assert [row.target_name for row in Operation.objects.visible_to(charlie)] == ["shop-web"]
    assert [row.target_name for row in Entry.objects.visible_to(charlie)] == ["shop-web"]
    assert Entry.objects.visible_to(person("bob")).count() == 4


def test_a_disabled_account_holds_nothing(world: World) -> None:
    admin = person("admin")
    admin.is_active = False
    assert reach(admin, "sites.view_host") == NOWHERE
    assert admin.get_all_permissions() == set()
    root = User(username="root", is_superuser=True, is_active=False)
    assert reach(root, "sites.view_host") == NOWHERE


def test_a_token_narrows_what_its_account_holds(world: World) -> None:
    admin = person("admin")
    admin.scopes = frozenset({"read"})  # type: ignore[attr-defined]
    assert reach(admin, "sites.view_host") == EVERYWHERE
    for permission in ("sites.operate_host", "sites.manage_host", "audit.view_entry"):
        assert reach(admin, permission) == NOWHERE, permission
    root = User(username="root", is_superuser=True)
    root.scopes = frozenset({"operate"})  # type: ignore[attr-defined]
    assert reach(root, "sites.operate_host") == EVERYWHERE
    assert reach(root, "sites.view_host") == NOWHERE
    assert reach(root, "what.nobody_knows") == NOWHERE


def test_every_permission_of_the_roles_is_in_one_scope() -> None:
    held = Permission.objects.filter(group__name__in=("viewer", "operator", "admin")).distinct()
    person("admin")
    names = {f"{one.content_type.app_label}.{one.codename}" for one in held}
    assert names == {name for several in SCOPES.values() for name in several}
    assert sum(map(len, SCOPES.values())) == len(names)


def test_rights_cost_a_constant_number_of_queries(
    world: World, charlie: User, django_assert_num_queries: object
) -> None:
    tag = Tag.objects.create(name="client-a")
    for thing in ({"site": world.shop}, {"host": world.two}, {"tag": tag}):
        Grant.objects.create(role=role("operator"), user=charlie, **thing)
    with django_assert_num_queries(6):  # type: ignore[operator]
        for permission in SCOPES["read"] | SCOPES["operate"]:
            reach(charlie, permission)


@pytest.mark.parametrize("wrong", [{}, {"user": 1, "group": 1}, {"user": 1, "host": 1, "site": 1}])
def test_a_grant_is_to_one_and_for_one(world: World, charlie: User, wrong: dict[str, int]) -> None:
    things = {"user": charlie, "group": role("viewer"), "host": world.one, "site": world.shop}
    given = {name: things[name] for name in wrong}
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(role=role("viewer"), **given)


def test_a_right_ends_with_what_it_is_for(world: World, charlie: User) -> None:
    Grant.objects.create(role=role("viewer"), user=charlie, host=world.one)
    world.one.delete()
    assert Grant.objects.count() == 0
