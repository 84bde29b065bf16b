"""What is done on an account's page ends its open sockets."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.people import logged_in
from tests.siteflow.loops import in_loop
from tests.siteflow.sockets import in_database, socket_of
from tests.siteflow.test_consumer_ends import quick_checks
from tests.siteflow.test_consumers import layer, own_settings

__all__ = ["layer", "own_settings", "quick_checks"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("layer")]


def press(admin: User, what: str, user: User) -> int:
    page = (
        reverse("admin:auth_user_password_change", args=[user.pk])
        if what == "password"
        else reverse("admin:auth_user_do", args=[user.pk, what])
    )
    return logged_in(admin).post(page).status_code


@pytest.mark.parametrize("what", ["disable", "end-logins", "require-new-password", "password"])
@in_loop
async def test_an_open_socket_ends(bob: User, admin: User, quick_checks: None, what: str) -> None:
    async with socket_of(bob) as socket:
        await socket.ask("subscribe", topic="hosts")
        assert await in_database(press, admin, what, bob) in (200, 302)
        said = await socket.hear("error")
        assert (said["code"], said["fatal"]) == ("session_ended", True)
        assert await socket.close_code() == 4401


@in_loop
async def test_a_role_taken_away_ends_a_topic(bob: User, admin: User, quick_checks: None) -> None:
    def take_away() -> None:
        page = reverse("admin:auth_user_do", args=[bob.pk, "leave"])
        logged_in(admin).post(page, {"group": bob.groups.get().pk})

    async with socket_of(bob) as socket:
        await socket.ask("subscribe", topic="hosts")
        await in_database(take_away)
        codes = [(await socket.hear("error"))["code"] for _ in range(2)]
        assert codes == ["behind", "forbidden"]
