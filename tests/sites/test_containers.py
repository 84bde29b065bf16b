"""A container's state is only as good as the last look at its host."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.utils import timezone

from sites.models import Container, Host, Site
from sites.models.host import stale_after
from sites.schemas import ContainerDetail, HostOut, container_detail, container_out, host_out
from tests.provisioning.rows import make_container, make_host

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.mark.parametrize(
    ("host", "state"),
    [
        ({}, "running"),
        ({"state": "unreachable"}, "unknown"),
        ({"state": "no_docker"}, "unknown"),
        ({"state": "key_changed"}, "unknown"),
        ({"inventory_at": None}, "unknown"),
        ({"inventory_at": NOW - timedelta(minutes=5)}, "unknown"),
    ],
)
def test_row_and_query_agree_on_what_is_unknown(host: dict[str, Any], state: str) -> None:
    make_container(make_host(**host))
    row = Container.objects.live().select_related("host", "site").get()
    shown = container_out(row)
    assert (vars(row)["live_state"], shown["state"]) == (state, state)
    assert shown["last_state"] == "running"
    assert bool(shown["unknown_since"]) is (state == "unknown")


def test_unknown_since_the_last_time_anything_was_known() -> None:
    seen = NOW - timedelta(minutes=5)
    host = make_host(state="unreachable", inventory_at=seen)
    make_container(host, observed_at=NOW - timedelta(hours=2))
    shown = container_out(Container.objects.select_related("host", "site").get())
    assert shown["unknown_since"] == shown["observed_at"] == seen


def test_the_age_and_source_are_those_of_the_latest_look() -> None:
    host = make_host(inventory_at=NOW)
    make_container(host, observed_at=NOW - timedelta(minutes=1), source="event")
    shown = container_out(Container.objects.live().select_related("host", "site").get())
    assert (shown["observed_at"], shown["source"]) == (NOW, "read")


@pytest.mark.parametrize(("interval_s", "expected_s"), [(1, 15), (10, 40), (60, 105)])
def test_how_long_a_state_is_believed(
    interval_s: int, expected_s: int, settings: LazySettings
) -> None:
    settings.MONITOR_INTERVAL_S = interval_s
    assert stale_after() == timedelta(seconds=expected_s)


def test_what_goes_out_is_what_the_documentation_says() -> None:
    row = make_container(make_host())
    assert set(container_detail(row)) == set(ContainerDetail.model_fields)
    ContainerDetail.model_validate(container_detail(row))
    assert set(host_out(row.host)) == set(HostOut.model_fields)
    HostOut.model_validate(host_out(row.host))


@pytest.mark.parametrize(
    ("role", "sees"), [("admin", True), ("operator", True), ("viewer", True), (None, False)]
)
def test_only_roles_see_anything(role: str | None, sees: bool) -> None:
    host = make_host()
    make_container(host)
    Site.objects.create(host=host, project="shop", name="shop")
    user = User.objects.create_user("somebody")
    if role:
        user.groups.add(Group.objects.get(name=role))
    for model in (Host, Site, Container):
        assert model.objects.visible_to(user).exists() is sees
        assert not model.objects.visible_to(AnonymousUser()).exists()
    User.objects.filter(pk=user.pk).update(is_active=False)
    disabled = User.objects.get(pk=user.pk)
    assert not Host.objects.visible_to(disabled).exists()
