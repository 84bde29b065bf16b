"""`manage.py site` and `quarantine`, as people and scripts use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management.base import OutputWrapper

from audit.models import Entry
from provisioning.drivers.fake import FakeHost
from provisioning.management.plan_output import print_plan
from provisioning.models import Operation
from provisioning.plans.facts import Found
from provisioning.plans.shape import Change, Plan, Problem
from provisioning.releases.models import Release
from sites.models import Host, Site
from tests.provisioning.rows import make_host
from tests.provisioning.site_rows import (
    ENV,
    make_proxy,
    make_quarantine,
    make_release,
    make_site,
    nothing_there,
)
from tests.provisioning.test_commands import Ended, Run, run

__all__ = ["run"]
pytestmark = pytest.mark.django_db
SECRET = ENV["DB_PASSWORD"]
NEW = ("blog", "--template", "static", "--param", "site_title=Blog")


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> list[Found]:
    there = [nothing_there("blog")]
    monkeypatch.setattr("provisioning.plans.asking.host_driver", lambda target: FakeHost())
    monkeypatch.setattr("provisioning.plans.asking.read_found", lambda *given: there[0])
    monkeypatch.setattr("provisioning.engine.accept.ring", lambda key: None)
    return there


@pytest.fixture
def host() -> Host:
    return make_proxy(make_host()).host


@pytest.fixture
def shop(host: Host) -> Site:
    site = make_site(host, domain="shop.example.org")
    make_release(site)
    return site


def test_sites_are_listed_with_template_and_release(run: Run, shop: Site) -> None:
    Site.objects.create(host=shop.host, project="found", name="found")
    out = run("site", "list").out
    assert "static 1" in out and "shop.example.org" in out and "unmanaged" in out
    listed = run("site", "list", "--managed", "--json").json
    assert [(one["name"], one["release"]) for one in listed] == [("shop", 1)]
    with pytest.raises(Ended) as ended:
        run("site", "list", "--stage", "nowhere")
    assert ended.value.code == 2


def test_a_site_is_shown_with_its_releases_and_no_secret(run: Run, shop: Site) -> None:
    make_release(shop, 2, status="failed", message="shop-web-1 is unhealthy.")
    assert "shop-web-1 is unhealthy." in run("site", "show", "web1/shop").out
    shown = run("site", "show", "shop", "--json")
    assert [one["number"] for one in shown.json["releases"]] == [2, 1]
    assert SECRET not in shown.out


def test_a_plan_of_a_new_site_reads_like_a_diff(run: Run, host: Host) -> None:
    out = run("site", "plan", *NEW, "--domain", "blog.example.org").out
    lines = out.splitlines()
    assert lines[0] == "Provision blog on web1"
    assert "+ vhost blog.example.org: created" in lines
    assert "    +SITE_TITLE=Blog" in lines
    assert "\x1b" not in out
    assert not Site.objects.exists()
    plan = run("site", "plan", *NEW, "--json").json
    assert (plan["kind"], plan["site"]) == ("site.provision", "blog")


def test_a_plan_that_would_be_refused_ends_with_1(run: Run, host: Host, found: list[Found]) -> None:
    found[0] = nothing_there("blog", volumes=frozenset({"blog_db"}))
    with pytest.raises(Ended) as ended:
        run("site", "plan", *NEW)
    assert ended.value.code == 1
    assert "Refused: The volume blog_db is there already" in run.said.out  # type: ignore[attr-defined]


def test_colours_are_for_terminals_only(host: Host) -> None:
    class Terminal(OutputWrapper):
        def isatty(self) -> bool:
            return True

    import io

    changes = (Change("container", "remove", "shop-old-1"),)
    plan = Plan("site.release", "shop", "web1", changes, (Problem("x", "\x1b[31mred"),), "d")
    for kind, coloured in ((Terminal, True), (OutputWrapper, False)):
        out = io.StringIO()
        print_plan(plan, as_json=False, to=kind(out))
        assert ("\x1b[" in out.getvalue()) is coloured
        assert "\\x1b[31mred" in out.getvalue()


def test_a_new_site_is_provisioned_with_what_the_options_say(run: Run, host: Host) -> None:
    said = run("site", "provision", *NEW, "--domain", "blog.example.org", "--alias",
               "www.blog.example.org", "--tls", "internal", "--no-wait", "--json").json  # fmt: skip
    assert Operation.objects.get(pk=said["operation"]).kind == "site.provision"
    site = Site.objects.get()
    assert site.params == {"site_title": "Blog"}
    assert sorted((one.name, one.kind, one.tls) for one in site.domains.all()) == [
        ("blog.example.org", "primary", "internal"),
        ("www.blog.example.org", "alias", "internal"),
    ]


def test_values_of_parameters_get_their_type(run: Run, host: Host) -> None:
    wordpress = ("--template", "wordpress", "--param", "admin_email=a@example.org")
    run("site", "provision", "wp", *wordpress, "--param", "upload_limit_mb=32", "--no-wait")
    assert Site.objects.get().params["upload_limit_mb"] == 32
    for wrong in ("upload_limit_mb=many", "upload_limit_mb", "nothing=1"):
        for asked in (("plan",), ("provision", "--no-wait")):
            with pytest.raises(Ended) as ended:
                run("site", *asked, "other", *wordpress, "--param", wrong)
            assert ended.value.code == 2
    assert Site.objects.count() == 1


def test_a_draft_is_provisioned_by_its_name(run: Run, host: Host) -> None:
    make_release(make_site(host, stage="draft"), status="prepared")
    run("site", "provision", "shop", "--no-wait")
    assert Operation.objects.get().kind == "site.provision"
    with pytest.raises(Ended) as ended:
        run("site", "provision", "nothing")
    assert (ended.value.code, "--template" in ended.value.message) == (2, True)


def test_the_configuration_is_shown_masked_and_revealed_on_record(run: Run, shop: Site) -> None:
    shown = run("site", "config", "shop")
    assert "SITE_TITLE" in shown.out and SECRET not in shown.out
    assert SECRET not in run("site", "config", "shop", "--json").out
    assert not Entry.objects.filter(action="site.reveal").exists()
    assert SECRET in run("site", "config", "shop", "--reveal").out
    assert Entry.objects.get(action="site.reveal").status == "succeeded"


def test_files_prepare_the_next_release(run: Run, shop: Site, tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text(json.loads(run("site", "config", "shop", "--json").out)["env"] + "NEW=1\n")
    run("site", "config", "shop", "--env-file", str(env), "--message", "With NEW")
    row = Release.objects.get(number=2)
    assert (row.reveal(), row.message) == ({**ENV, "NEW": "1"}, "With NEW")
    with pytest.raises(Ended) as ended:
        run("site", "config", "shop", "--env-file", str(env), "--revision", "1")
    assert "changed meanwhile" in ended.value.message
    with pytest.raises(Ended) as ended:
        run("site", "config", "shop", "--compose-file", str(tmp_path / "nothing"))
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("release", "shop", "--number", "2"), "site.release"),
        (("rollback", "shop"), "site.rollback"),
        (("adopt", "shop"), "site.adopt"),
        (("deprovision", "shop", "--remove-volumes", "--no-keep-certificate", "-y"),
         "site.deprovision"),
    ],
)  # fmt: skip
def test_verbs_are_asked_for_by_name(
    run: Run, shop: Site, words: tuple[str, ...], kind: str
) -> None:
    run("site", *words, "--no-wait")
    row = Operation.objects.get()
    assert (row.kind, row.actor_name.startswith("os:")) == (kind, True)
    if kind == "site.deprovision":
        assert row.params == {"remove_volumes": True, "remove_files": False,
                              "keep_certificate": False}  # fmt: skip


def test_pinning_and_giving_back_end_at_once(run: Run, host: Host) -> None:
    site = make_site(host)
    make_release(site)
    run("site", "pin", "shop", "1")
    assert Release.objects.get().pinned
    run("site", "pin", "shop", "1", "--no-pinned")
    assert not Release.objects.get().pinned
    run("site", "disown", "shop", "--yes")
    site.refresh_from_db()
    assert not site.managed


def test_what_rests_is_listed_restored_and_destroyed(run: Run, host: Host) -> None:
    row = make_quarantine(host)
    assert run("quarantine", "list", "--json").json[0]["volumes"] == ["old_db"]
    run("quarantine", "restore", "old", "--no-wait")
    Operation.objects.update(status="failed")
    run("quarantine", "purge", str(row.pk), "--yes", "--no-wait")
    assert {one.kind for one in Operation.objects.all()} == {
        "quarantine.restore", "quarantine.purge",
    }  # fmt: skip
    with pytest.raises(Ended) as ended:
        run("quarantine", "restore", "nothing")
    assert ended.value.code == 2
