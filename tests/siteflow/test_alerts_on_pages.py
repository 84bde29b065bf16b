"""Open alerts where people look: on the pages of what they are about, and in charts."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from sites.granting import give
from sites.models import Container
from tests.monitoring.alerts.things import make_alert
from tests.people import logged_in
from tests.provisioning.rows import COMMAND, make_container, make_host
from tests.provisioning.site_rows import make_site
from tests.siteflow.overview.test_page import measured

pytestmark = pytest.mark.django_db
WORDS = "It exited with code 137."


@pytest.fixture
def container() -> Container:
    host = make_host()
    return make_container(host, site=make_site(host))


def pages(row: Container) -> dict[str, str]:
    return {
        "container": f"/admin/sites/container/{row.pk}/change/",
        "site": f"/admin/sites/site/{row.site_id}/change/",
        "host": f"/admin/sites/host/{row.host_id}/change/",
    }


def text(user: User, path: str) -> str:
    answer: Any = logged_in(user).get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def test_the_pages_of_container_site_and_host_have_it_with_its_age(
    bob: User, container: Container
) -> None:
    alert = make_alert(container)
    for page, path in pages(container).items():
        shown = text(bob, path)
        assert WORDS in shown and f"/admin/monitoring/alert/{alert.pk}/change/" in shown, page
        assert "firing</span>" in shown and 'title="Source: ' in shown, page


def test_what_is_over_or_elsewhere_is_not_there(bob: User, container: Container) -> None:
    make_alert(container, state="resolved")
    make_alert(make_container(make_host("edge1"), "other"))
    for page, path in pages(container).items():
        assert WORDS not in text(bob, path), page


def test_the_worst_come_first_and_the_list_has_the_others(bob: User, container: Container) -> None:
    host = container.host
    make_alert(container, severity="info", rule_name="Lesser")
    for number in range(4):
        make_alert(make_container(host, f"c{number}"), severity="warning")
    make_alert(host, rule_name="Worst")
    make_alert(make_container(host, "soon"), state="pending", rule_name="Not yet")
    shown = text(bob, pages(container)["host"])
    assert shown.index("Worst") < shown.index("Container down") and "Not yet" not in shown
    assert 'href="/admin/monitoring/alert/?host=web1">All of them' in shown


def test_who_sees_hosts_alone_is_told_of_hosts_alone(charlie: User, container: Container) -> None:
    charlie.groups.add(group := Group.objects.create(name="hosts only"))
    group.permissions.add(Permission.objects.get(codename="view_host"))
    make_alert(container)
    make_alert(container.host)
    shown = text(charlie, pages(container)["host"])
    assert "It does not answer." in shown and WORDS not in shown


def test_a_chart_has_when_it_began(bob: User, container: Container) -> None:
    make_alert(container)
    for page, path in pages(container).items():
        shown = text(bob, f"{path}?tab=metrics")
        assert 'data-state="alert" data-label="Alert: Container down: shop-web-1"' in shown, page


def test_the_overview_has_charts_of_all_hosts_for_who_sees_some(bob: User, charlie: User) -> None:
    host = make_host()
    assert 'id="charts"' not in text(bob, "/admin/")  # nothing was measured yet
    measured(host)
    shown = text(bob, "/admin/")
    assert 'id="charts"' in shown and "js/charts." in shown and "All hosts together" in shown
    assert "range=7d" in shown and 'aria-current="true">7 days' in text(bob, "/admin/?range=7d")
    give(Group.objects.get(name="viewer"), to=charlie, on=make_site(host), actor=COMMAND)
    shown = text(charlie, "/admin/")
    assert 'id="charts"' not in shown and "js/charts." not in shown


def test_charts_are_not_read_again_with_each_change(bob: User) -> None:
    measured(make_host())
    answer: Any = logged_in(bob).get("/admin/", headers={"X-Only": "parts"})
    assert 'id="charts"' not in answer.content.decode()


def test_there_are_only_the_ranges_that_charts_have(bob: User) -> None:
    assert logged_in(bob).get("/admin/?range=9y").status_code == 404
