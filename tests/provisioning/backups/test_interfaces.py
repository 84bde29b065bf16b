"""Backups over the API, on the command line and in the console."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from provisioning.backups.models import BackupSource, SiteBackup
from provisioning.backups.nas_telling import NasOut
from provisioning.backups.telling import BackupFileOut, SiteBackupOut, UnfinishedOut
from sites.models import Grant, Site
from tests.people import logged_in, person
from tests.provisioning.backups.things import TOP, backed_up, make_nas, make_source
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import make_site
from tests.provisioning.test_sites_api import sent

pytestmark = pytest.mark.django_db
URL = "/api/backups"
NAMES = ("none", "old", "small", "new", "lost", "good")


def several() -> BackupSource:
    """One site of each state; lost lies on another NAS, which hangs, and new was never read."""
    host, other = make_host(), make_host("web2")
    source = make_source(make_nas(), host)
    hangs = make_source(
        make_nas("nas2"), other, error_code="timeout", failing_since=timezone.now(),
        error=f"nas2: looking at {TOP} failed",
    )  # fmt: skip
    backed_up(make_site(host, "good"), source)
    backed_up(make_site(host, "old"), source, hours=60)
    backed_up(make_site(host, "small"), source, newest_bytes=400_000, shrunken=True)
    nothing: dict[str, Any] = {"newest_at": None, "newest_name": "", "kept": [], "count": 0}
    backed_up(make_site(host, "none"), source, **nothing)
    backed_up(make_site(other, "lost"), hangs, hours=7)
    SiteBackup.objects.create(site=make_site(host, "new"), source=source)
    return source


# -- the API -------------------------------------------------------------------------------------


def asked(user: User, query: str = "") -> Any:
    answer = logged_in(user).get(URL + query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def listed(user: User, query: str = "") -> list[str]:
    return [one["site_name"] for one in asked(user, query)["items"]]


def test_the_worst_come_first(bob: User) -> None:
    several()
    assert sorted(listed(bob)) == sorted(NAMES)
    states = [one["state"] for one in asked(bob)["items"]]
    assert states == ["missing", "stale", "shrunken", "unknown", "unknown", "fresh"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?host=web2", "lost"), ("?nas=nas2", "lost"), ("?state=fresh", "good"),
        ("?state=stale&state=missing", "none old"), ("?search=small", "small"),
        ("?ordering=name&state=unknown", "lost new"),
        ("?ordering=-name&host=web1", "small old none new good"),
    ],
)  # fmt: skip
def test_filters(bob: User, query: str, names: str) -> None:
    several()
    assert listed(bob, query) == names.split()


@pytest.mark.parametrize("query", ["?state=green", "?site=-1", "?ordering=size", "?site=x"])
def test_what_cannot_be_asked(bob: User, query: str) -> None:
    assert logged_in(bob).get(URL + query).status_code == 422


def test_of_one_host_or_nas_by_its_key(bob: User) -> None:
    source = several()
    assert len(listed(bob, f"?nas={source.nas_id}")) == 5
    assert len(listed(bob, f"?host={source.hosts.get().pk}")) == 5
    assert listed(bob, f"?nas={2**80}") == []


def test_pages_follow_one_another(bob: User) -> None:
    several()
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = asked(bob, f"?page_size=2&after={after}")
        found += [one["site_name"] for one in page["items"]]
        after = page["next_after"]
    assert found == listed(bob)


def test_answers_are_as_described(bob: User) -> None:
    """Strictly: what is no field of the description is refused."""
    source = several()
    now = timezone.now()
    waits = {"name": "b.part", "size": 5, "modified_s": 1, "since": now.isoformat()}
    SiteBackup.objects.filter(source=source).update(unfinished=[waits])
    page = asked(bob)
    for item in page["items"]:
        assert SiteBackupOut.model_validate(item).model_dump(mode="json").keys() == item.keys()
    good = page["items"][-1]
    assert set(BackupFileOut.model_fields) == good["newest"].keys() == good["kept"][0].keys()
    assert set(UnfinishedOut.model_fields) == good["unfinished"][0].keys()
    assert (good["count"], good["usual_bytes"], good["source"]) == (3, 1_000_000, "sftp")
    assert 5 * 3600 <= good["age_s"] < 5 * 3600 + 60
    for told in page["nas"]:
        assert NasOut.model_validate(told).model_dump(mode="json").keys() == told.keys()


def test_a_nas_that_hangs_is_told_and_what_was_seen_keeps_its_age(bob: User) -> None:
    several()
    page = asked(bob)
    assert (page["nas_connected"], page["nas_error"]) == (False, "nas2: it is too slow, or hangs")
    lost = next(one for one in page["items"] if one["site_name"] == "lost")
    assert (lost["nas_connected"], lost["nas_error"]) == (False, "it is too slow, or hangs")
    assert lost["count"] == 3 and lost["age_s"] >= 7 * 3600
    assert lost["unknown_since"] == lost["observed_at"]
    BackupSource.objects.filter(nas__name="nas2").update(error_code="")
    assert asked(bob)["nas_connected"] is True
    BackupSource.objects.update(known_until=timezone.now() - timedelta(minutes=1))
    assert asked(bob)["nas_connected"] is None


def test_a_clock_that_differs_makes_no_age_negative(bob: User) -> None:
    source = make_source(make_nas(), make_host(), skew_s=7260)
    backed_up(make_site(source.hosts.get()), source, hours=-3)
    page = asked(bob)
    assert page["items"][0]["age_s"] == 0
    assert page["nas"][0]["problems"] == ["its clock is 2 h ahead of ours; ages are told by ours"]


def of_site(site: Site) -> User:
    """Who has a role for one site only."""
    user = person("charlie")
    Grant.objects.create(role=Group.objects.get(name="operator"), user=user, site=site)
    return user


def test_who_sees_a_site_sees_its_backups_and_no_more_of_the_nas() -> None:
    several()
    lost = Site.objects.get(name="lost")
    page = asked(of_site(lost))
    assert [one["site_name"] for one in page["items"]] == ["lost"]
    assert page["nas"] == [] and TOP not in json.dumps(page)
    assert page["nas_error"] == "nas2: it is too slow, or hangs"
    nas = BackupSource.objects.get(nas__name="nas2").nas_id
    charlie = person("charlie")
    assert logged_in(charlie).get(f"/api/hosts/{nas}/nas").status_code == 404
    assert sent(charlie, "post", f"hosts/{nas}/nas-check").status_code == 404
    other = Site.objects.get(name="good").pk
    assert sent(charlie, "post", f"sites/{other}/backup-check").status_code == 404
    assert listed(charlie, f"?site={other}") == []


def test_nobody_sees_what_is_not_theirs() -> None:
    several()
    assert logged_in(person("charlie")).get(URL).status_code == 403
    assert Client().get(URL).status_code == 401


def test_a_nas_is_set_up_and_forgotten_over_the_api(admin: User, bob: User) -> None:
    nas, host = make_nas(), make_host()
    make_site(host)
    body = {"root": TOP, "hosts": [host.pk], "pattern": "{host}/{site}/*"}
    answer = sent(admin, "put", f"hosts/{nas.pk}/nas", body)
    assert answer.status_code == 200, answer.content
    (told,) = answer.json()["items"]
    assert (told["root"], told["hosts"]) == (TOP, [{"id": host.pk, "name": "web1"}])
    assert told["connected"] is None and told["problems"] == ["not looked at yet"]
    assert listed(bob) == ["shop"]
    assert sent(bob, "put", f"hosts/{nas.pk}/nas", body).status_code == 403
    wrong = sent(admin, "put", f"hosts/{nas.pk}/nas", {"root": TOP, "pattern": "*"})
    assert wrong.status_code == 422 and "pattern" in wrong.json()["error"]["message"]
    gone = {"root": TOP, "confirm_name": "nas1"}
    assert sent(admin, "delete", f"hosts/{nas.pk}/nas", gone).status_code == 200
    assert listed(bob) == []


def test_more_rows_take_no_more_queries(bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            logged_in(bob).get(URL)
        return len(found)

    host = make_host()
    source = make_source(make_nas(), host)
    backed_up(make_site(host, "first"), source)
    one = queries()
    for number in range(5):
        backed_up(make_site(host, f"more-{number}"), source)
    assert queries() == one


# -- the commands ----------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str]:
    out, code = StringIO(), 0
    try:
        call_command(*words, stdout=out, stderr=out)
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as error:
        code = error.returncode
    return code, out.getvalue()


def test_status_has_the_worst_first_and_an_exit_code() -> None:
    several()
    code, text = run("backup", "status")
    lines = [line.split()[0] for line in text.splitlines()[1:7]]
    assert code == 1 and sorted(lines) == sorted(NAMES) and lines[:3] == ["none", "old", "small"]
    assert f"nas2 cannot be read: nas2: looking at {TOP} failed" in text


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [(("--site", "good"), 0, ["good"]), (("--host", "web2"), 1, ["lost"]),
     (("--nas", "nas2"), 1, ["lost"]), (("--site", "web1/old"), 1, ["old"]),
     (("--site", "new"), 0, ["new"])],
)  # fmt: skip
def test_status_of_some(words: tuple[str, ...], code: int, names: list[str]) -> None:
    several()
    found, text = run("backup", "status", *words, "--json")
    assert (found, [one["site_name"] for one in json.loads(text)["items"]]) == (code, names)


def test_a_nas_is_set_up_listed_and_forgotten_on_the_command_line() -> None:
    make_nas()
    make_site(make_host())
    code, text = run("nas", "set", "nas1", TOP, "--host", "web1", "--every", "15")
    assert code == 0 and f"Backups are looked for on nas1 in {TOP}." in text, text
    source = BackupSource.objects.get()
    assert source.every_minutes == 15 and SiteBackup.objects.get().site.name == "shop"
    code, text = run("nas", "list")
    assert code == 0 and TOP in text and "web1" in text
    assert run("nas", "forget", "nas1", TOP, "--yes")[0] == 0
    assert not BackupSource.objects.exists()
    assert run("nas", "set", "nas1", "backups")[0] == 2


# -- the console ---------------------------------------------------------------------------------


def page(user: User, path: str, code: int = 200) -> str:
    answer = logged_in(user).get(path)
    assert answer.status_code == code, answer
    return answer.content.decode()


def list_url(query: str = "") -> str:
    return reverse("admin:provisioning_sitebackup_changelist") + query


def test_the_list_tells_all_states_and_which_nas_fails(bob: User) -> None:
    several()
    text = page(bob, list_url())
    order = [text.index(f">{name}</a>") for name in ("none", "old", "small", "good")]
    assert order == sorted(order)
    for words in ("too old", "shrunken", "fresh", "40 % of the usual size", "not looked at yet"):
        assert words in text
    assert "nas2 cannot be read" in text and f"nas2: looking at {TOP} failed" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [("?state=attention", "none old small"), ("?state=fresh", "good"), ("?nas=nas2", "lost"),
     ("?host=web2", "lost"), ("?q=small", "small")],
)  # fmt: skip
def test_filters_of_the_list(bob: User, query: str, names: str) -> None:
    several()
    text = page(bob, list_url(query))
    assert [name for name in NAMES if f'change/">{name}</a>' in text] == names.split()


def test_an_empty_list_says_what_to_do(admin: User) -> None:
    assert "No backups are watched yet" in page(admin, list_url())


def site_page(site: Site) -> str:
    return reverse("admin:provisioning_sitebackup_change", args=[site.pk])


def test_the_page_of_one_and_who_may_look_anew(bob: User, alice: User) -> None:
    source = make_source(make_nas(), make_host())
    site = make_site(source.hosts.get())
    backed_up(site, source)
    evil = {"name": "<script>alert(1)</script>", "at": timezone.now().isoformat(), "size": None,
            "modified_s": 1, "folder": True, "ahead": False}  # fmt: skip
    SiteBackup.objects.update(kept=[evil])
    text = page(bob, site_page(site))
    assert "&lt;script&gt;alert(1)" in text and "<script>alert(1)" not in text
    assert "Check now" not in text and "do/backup.check/" in page(alice, site_page(site))
    assert "not counted: too many files" in text


def test_who_sees_only_the_site_is_led_to_no_nas() -> None:
    several()
    lost = Site.objects.get(name="lost")
    user = of_site(lost)
    text = page(user, site_page(lost)) + page(user, list_url())
    assert "nas2" in text and "tab=backups" not in text and TOP not in text
    page(user, site_page(Site.objects.get(name="good")), code=404)


def test_the_page_of_the_site_has_the_badge(bob: User) -> None:
    several()
    for name, words in (("old", "too old"), ("good", "fresh")):
        site = Site.objects.get(name=name)
        text = page(bob, reverse("admin:sites_site_change", args=[site.pk]))
        assert f'href="{site_page(site)}"' in text and words in text
    other = make_site(make_host("web3"), "other")
    assert "not watched" in page(bob, reverse("admin:sites_site_change", args=[other.pk]))


def tab(source: BackupSource) -> str:
    return reverse("admin:sites_host_change", args=[source.nas_id]) + "?tab=backups"


def test_the_page_of_the_nas(admin: User, bob: User) -> None:
    several()
    source = BackupSource.objects.get(nas__name="nas2")
    text = page(admin, tab(source))
    assert TOP in text and "cannot be read" in text and "Forget" in text and "1 unknown" in text
    assert "Forget" not in page(bob, tab(source)) and TOP in page(bob, tab(source))
    for skew_s, words in ((7300, "2 h ahead of ours"), (-7300, "2 h behind ours"), (5, "as ours")):
        BackupSource.objects.update(skew_s=skew_s)
        assert f"<dd>{words}</dd>" in page(bob, tab(source))
    bare = make_source(make_nas("nas3"))
    BackupSource.objects.filter(pk=bare.pk).delete()
    assert "Set up as NAS" in page(admin, tab(bare))


def form_url(source: BackupSource, query: str = "") -> str:
    return reverse("admin:sites_host_nas", args=[source.nas_id]) + query


def test_a_folder_is_changed_by_its_form(admin: User, bob: User) -> None:
    source = several()
    site = Site.objects.get(name="lost")
    text = page(admin, form_url(source, f"?root={TOP}"))
    assert "Edit a folder" in text and 'value="60"' in text
    page(bob, form_url(source), code=403)
    sent_form = {"pattern": "{site}-*", "marker": ".here", "every_minutes": "30",
                 "least_percent": "20", "hosts": [str(source.hosts.get().pk)],
                 "sites": f"{site.host.name}/none"}  # fmt: skip
    answer = logged_in(admin).post(form_url(source, f"?root={TOP}"), sent_form)
    assert answer.status_code == 422 and "There is no site web2/none" in answer.content.decode()
    answer = logged_in(admin).post(form_url(source, f"?root={TOP}"), sent_form | {"sites": ""})
    assert (answer.status_code, answer["Location"]) == (302, tab(source))
    source.refresh_from_db()
    assert (source.pattern, source.marker, source.every_minutes) == ("{site}-*", ".here", 30)


def test_a_folder_is_added_by_the_form_and_forgotten_by_its_button(admin: User) -> None:
    source = several()
    form = {"root": "/other", "pattern": "{site}/*", "every_minutes": "60", "least_percent": "50"}
    answer = logged_in(admin).post(form_url(source), form)
    assert answer.status_code == 302 and BackupSource.objects.filter(root="/other").exists()
    act = reverse("admin:sites_host_do", args=[source.nas_id, "nas.forget"])
    assert 'value="/other"' in page(admin, f"{act}?root=/other")
    answer = logged_in(admin).post(act, {"asked": "1", "root": "/other", "confirm_name": "nas1"})
    assert answer.status_code == 302 and not BackupSource.objects.filter(root="/other").exists()
