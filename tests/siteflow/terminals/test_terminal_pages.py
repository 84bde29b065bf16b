"""The tab of a host's terminals, and the page on which somebody looks on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from provisioning.models import TerminalSession
from sites.models import Container
from tests.provisioning.rows import make_container, make_host
from tests.provisioning.terminal_rows import make_terminal

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Container:
    host = make_host("web1", connection="ssh", address="192.0.2.7", username="root")
    return make_container(host)


def page(user: User, path: str) -> tuple[int, str]:
    browser = Client()
    browser.force_login(user)
    answer = browser.get(f"/admin/{path}")
    return answer.status_code, answer.content.decode()


def on_host(row: Container) -> TerminalSession:
    made = make_terminal(row)
    TerminalSession.objects.filter(pk=made.pk).update(docker_id="", container=None)
    return made


def test_a_hosts_tab_asks_for_nothing_but_the_button(admin: User, row: Container) -> None:
    status, shown = page(admin, f"sites/host/{row.host_id}/change/?tab=terminal")
    assert status == 200
    assert f'data-terminal="/ws/hosts/{row.host_id}/terminal"' in shown
    assert 'name="command"' not in shown and "data-terminal-open" in shown
    _, inside = page(admin, f"sites/container/{row.pk}/change/?tab=terminal")
    assert f'data-terminal="/ws/containers/{row.pk}/exec"' in inside and 'name="command"' in inside


def test_only_who_may_has_it(alice: User, row: Container) -> None:
    tab = f"sites/host/{row.host_id}/change/?tab=terminal"
    assert page(alice, tab)[0] == 403
    assert "?tab=terminal" not in page(alice, f"sites/host/{row.host_id}/change/")[1]


def test_what_is_open_can_be_looked_at_until_it_is_over(
    admin: User, alice: User, bob: User, row: Container
) -> None:
    inside, outside = make_terminal(row, user_name="charlie"), on_host(row)
    _, tab = page(admin, f"sites/host/{row.host_id}/change/?tab=terminal")
    for one in (inside, outside):
        assert f'href="/admin/terminals/{one.pk}/watch/"' in tab
    status, shown = page(alice, f"terminals/{inside.pk}/watch/")
    assert status == 200 and f'data-watch="/ws/terminals/{inside.pk}/watch"' in shown
    assert "charlie is told that you look on" in shown and "data-terminal=" not in shown
    assert [page(user, f"terminals/{outside.pk}/watch/")[0] for user in (admin, alice, bob)] == (
        [200, 404, 404]
    )
    assert page(bob, f"terminals/{inside.pk}/watch/")[0] == 404
    TerminalSession.objects.update(ended_at=timezone.now())
    assert page(admin, f"terminals/{inside.pk}/watch/")[0] == 404
