"""Rollouts in the console: the plan with its ticks, the page that follows it, stopping it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from provisioning.models import Rollout
from sites.models import Grant, Site
from tests.people import logged_in
from tests.provisioning.rollouts.rows import end, under_way
from tests.provisioning.site_rows import make_release

ROOT = "/admin/provisioning/rollout/"
NEW = f"{ROOT}add/?template=page"


def page(user: User, path: str) -> str:
    answer = logged_in(user).get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def sent(user: User, path: str, **data: Any) -> Any:
    return logged_in(user).post(path, data)


def test_the_template_s_page_leads_to_the_plan(five: list[Site], admin: User, bob: User) -> None:
    assert f'href="{NEW}"' in page(admin, "/admin/provisioning/sitetemplate/page/")
    assert NEW not in page(bob, "/admin/provisioning/sitetemplate/page/")
    assert NEW not in page(admin, "/admin/provisioning/sitetemplate/page/?version=1")


def test_the_plan_tells_all_and_changes_nothing(five: list[Site], admin: User) -> None:
    Site.objects.filter(name="d").update(managed=False)
    five[4].releases.update(status="past")
    make_release(five[4], 2, compose="services: {web: {image: other:1}}\n", env={})
    answer = logged_in(admin).get(NEW)
    waves = answer.context["waves"]
    assert waves == {five[0].pk: 1, five[1].pk: 2, five[2].pk: 2}
    text = answer.content.decode()
    assert "Left out: it is not managed" in text
    assert "Left out: it was edited by hand" in text
    assert f'name="site" value="{five[4].pk}">' in text, "to be ticked"
    assert f'name="site" value="{five[3].pk}"' not in text
    again = sent(admin, NEW, do="plan", site=[five[0].pk, five[4].pk], first=five[4].pk)
    assert again.context["waves"] == {five[4].pk: 1, five[0].pk: 2}
    assert not Rollout.objects.exists()


def test_begun_followed_stopped_and_resumed(five: list[Site], admin: User, bob: User) -> None:
    keys = [site.pk for site in five[:3]]
    begun = sent(admin, NEW, do="begin", site=keys, first=keys[1], wave_size="2")
    row = Rollout.objects.get()
    path = f"{ROOT}{row.pk}/"
    assert begun["Location"] == f"{path}change/"
    assert under_way() == ["b"]
    text = page(admin, f"{path}change/")
    assert 'data-refresh="operation"' in text and 'action="../stop/"' in text
    assert 'action="../stop/"' not in page(bob, f"{path}change/")
    assert sent(admin, f"{path}stop/")["Location"] == f"{path}change/"
    text = page(admin, f"{path}change/")
    assert "Stopped by admin." in text and 'action="../resume/"' in text
    end(five[1])
    sent(admin, f"{path}resume/")
    assert under_way() == ["a", "c"]
    assert "page version 2" in page(bob, ROOT)
    refused = logged_in(bob).post(f"{path}stop/", follow=True)
    assert "bob may not stop this" in refused.content.decode()


def test_what_is_refused_is_told_on_the_page(five: list[Site], admin: User) -> None:
    for data, status, words in (
        ({}, 422, "Tick at least one site."),
        ({"site": "x"}, 422, "sites:"),
        ({"site": five[0].pk, "wave_size": "51"}, 422, "wave_size:"),
        ({"site": 999}, 404, ""),
    ):
        answer = sent(admin, NEW, do="begin", **data)
        assert (answer.status_code, words in answer.content.decode()) == (status, True), data
    assert not Rollout.objects.exists()
    assert logged_in(admin).get(f"{ROOT}add/").status_code == 404


def test_who_sees_one_site_sees_no_other(five: list[Site], admin: User, charlie: User) -> None:
    sent(admin, NEW, do="begin", site=[site.pk for site in five])
    row = Rollout.objects.get()
    path = f"{ROOT}{row.pk}/change/"
    admins = charlie.groups.model.objects.get(name="admin")
    Grant.objects.create(role=admins, user=charlie, site=five[2])
    answer = logged_in(charlie).get(path)
    assert [one.site.name for one in answer.context["row"].seen] == ["c"]
    assert [line.site.name for line in logged_in(charlie).get(NEW).context["lines"]] == ["c"]
