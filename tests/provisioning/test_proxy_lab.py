"""The proxy on real hosts: installed, synced, changed by hand, loaded anew, switched over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.pool import host_driver
from provisioning.engine.inline import InlineOp
from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.proxy import apply, certificates
from provisioning.proxy.models import Proxy
from provisioning.proxy.report import report
from provisioning.targets import target_of
from sites.models import Domain, Host
from tests.lab import Lab
from tests.lab.command import wait_until
from tests.lab.host import Host as LabHost
from tests.lab.images import BUSYBOX
from tests.provisioning import proxy_lab as it
from tests.provisioning.rows import COMMAND

pytestmark = [pytest.mark.lab, pytest.mark.django_db]


@pytest.fixture
def lab_host(lab: Lab) -> Iterator[LabHost]:
    with it.clean_host(lab.web1) as host:
        yield host


@pytest.fixture
def host(lab_host: LabHost) -> Host:
    """With a proxy."""
    row = it.known(lab_host)
    it.good("proxy.install", row)
    return row


def op_for(target: object) -> InlineOp:
    row = Operation(kind="site.release", target_type="site", target_id=1, journal={})
    return InlineOp(row, target, None, COMMAND)


def test_installed_synced_and_asked(lab_host: LabHost) -> None:
    host = it.known(lab_host)
    assert report(host)["state"] == "missing"
    it.good("proxy.install", host)
    it.start_site(lab_host, "news")
    it.site_of(host, "news", "news.test", "www.news.test")
    assert report(host)["state"] == "behind"
    it.good("proxy.sync", host)
    wait_until(lambda: it.text(host, "www.news.test") == "news", what="it answers")
    assert it.text(host, "news.test") == "news"
    told = report(host)
    assert (told["state"], told["plan"]) == ("in_step", [])
    assert [vhost["state"] for vhost in told["vhosts"]] == ["served", "served"]


def test_what_is_installed_again_stays_as_it_is(host: Host, lab_host: LabHost) -> None:
    before = lab_host.docker("inspect", "caddy", "--format", "{{.Id}} {{.State.StartedAt}}")
    word = it.origin(lab_host)
    it.good("proxy.install", host)
    assert lab_host.docker("inspect", "caddy", "--format", "{{.Id}} {{.State.StartedAt}}") == before
    assert it.origin(lab_host) == word
    assert Proxy.objects.filter(host=host).count() == 1


def test_by_sudo(lab: Lab) -> None:
    with it.clean_host(lab.web2) as lab_host:
        login = lab_host.logins["steward"]
        host = it.known(lab_host, sudo=True, username=login.user, private_key=login.private_key)
        it.good("proxy.install", host)
        it.start_site(lab_host, "news")
        it.site_of(host, "news")
        it.good("proxy.sync", host)
        assert it.text(host, "news.test") == "news"
        assert lab_host.path(f"{it.FOLDER}/caddy.json").stat().st_mode & 0o077 == 0


def test_an_installation_that_fails_leaves_nothing(lab_host: LabHost) -> None:
    host = it.known(lab_host)
    lab_host.docker("run", "--detach", "--publish=80:80", "--name=other", BUSYBOX, "sleep", "99")
    try:
        row = it.done("proxy.install", host)
        assert (row.status, row.error_code) == ("undone", "port_taken"), row.message
        assert "caddy" not in lab_host.docker("ps", "--all", "--format", "{{.Names}}").split()
        assert not lab_host.path(it.FOLDER).exists()
        assert not Proxy.objects.exists()
    finally:
        lab_host.docker("rm", "--force", "other")


def test_a_container_of_somebody_else_is_left_alone(lab_host: LabHost) -> None:
    host = it.known(lab_host)
    lab_host.docker("run", "--detach", "--name=caddy", BUSYBOX, "sleep", "99")
    try:
        row = it.done("proxy.install", host)
        assert (row.status, row.error_code) == ("failed", "conflict")
        assert "caddy" in lab_host.docker("ps", "--format", "{{.Names}}").split()
    finally:
        lab_host.docker("rm", "--force", "caddy")


def test_a_site_cannot_reach_the_admin_api(host: Host, lab_host: LabHost) -> None:
    """Its container is in the same network: it gets to the port, and no further."""
    name = it.start_site(lab_host, "news")
    asked = ("wget", "-q", "-O", "-", "http://caddy:2019/config/")
    refused = lab_host.run("docker", "exec", name, *asked, check=False)
    assert refused.returncode != 0 and "403" in refused.stderr and "admin" not in refused.stdout


def test_after_a_restart_of_docker_all_is_served(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    lab_host.docker("update", "--restart=always", "news-web-1")
    it.site_of(host, "news")
    it.good("proxy.sync", host)
    lab_host.kill_dockerd()
    lab_host.start_dockerd()
    wait_until(lambda: answers(host, "news.test") == "news", what="it answers", timeout_s=60)
    assert report(host)["state"] == "in_step"


def answers(host: Host, name: str) -> str:
    driver = host_driver(target_of(host))
    row = Domain.objects.get(name=name)
    try:
        return apply.probe(driver, host, row).body.decode().strip()
    except DriverError as error:
        return error.code


# -- by hand ----------------------------------------------------------------------------------


def test_a_hand_edit_is_seen_and_only_a_plan_takes_it_back(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    it.site_of(host, "news")
    it.good("proxy.sync", host)
    config, _ = it.configuration(host, lab_host)
    route = config["apps"]["http"]["servers"]["siteflow_https"]["routes"][0]
    route["handle"].insert(0, {"handler": "headers", "response": {"set": {"X-By-Hand": ["yes"]}}})
    it.by_hand(host, lab_host, config)
    told = report(host)
    assert told["state"] == "edited" and told["vhosts"][0]["state"] == "edited"
    row = it.done("proxy.sync", host)
    assert (row.status, row.error_code) == ("failed", "proxy_edited")
    stale = it.done("proxy.sync", host, plan_digest="0" * 64)
    assert (stale.status, stale.error_code) == ("failed", "stale_plan")
    assert it.configuration(host, lab_host)[0] == config
    it.good("proxy.sync", host, plan_digest=told["digest"])
    assert report(host)["state"] == "in_step"
    assert "X-By-Hand" not in str(it.configuration(host, lab_host)[0])


def test_what_others_put_beside_it_stays(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    config, _ = it.configuration(host, lab_host)
    server = {"listen": [":8888"], "routes": [{"handle": [{"handler": "static_response"}]}]}
    config["apps"]["http"]["servers"]["theirs"] = server
    it.by_hand(host, lab_host, config)
    it.site_of(host, "news")
    it.good("proxy.sync", host)
    assert it.configuration(host, lab_host)[0]["apps"]["http"]["servers"]["theirs"] == server


# -- bad rows, bad sites ----------------------------------------------------------------------


def test_a_bad_domain_keeps_only_itself_out(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    it.site_of(host, "news")
    bad = it.site_of(host, "bad")
    Domain.objects.filter(site=bad).update(routes=[{"path": "/{env.HOME}", "service": "web"}])
    row = it.done("proxy.sync", host)
    assert (row.status, row.error_code) == ("failed", "proxy_partly")
    assert "bad.test" in row.message and it.text(host, "news.test") == "news"


def test_a_site_that_does_not_answer_is_put_back(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    site = it.site_of(host, "news")
    driver = host_driver(target_of(host))
    apply.apply_site(op_for(site), driver, host, site)
    assert it.text(host, "news.test") == "news"
    before, _ = it.configuration(host, lab_host)
    Domain.objects.filter(site=site).update(port=9)
    with pytest.raises(VerbError) as refused:
        apply.apply_site(op_for(site), driver, host, site)
    assert refused.value.code == "proxy_no_answer"
    assert it.text(host, "news.test") == "news"
    assert it.configuration(host, lab_host)[0] == before
    assert not lab_host.path(f"{it.FOLDER}/upstreams/news._.9").exists()


def test_a_site_is_taken_out_and_twice_is_once(host: Host, lab_host: LabHost) -> None:
    for project in ("news", "blog"):
        it.start_site(lab_host, project)
        it.site_of(host, project)
    it.good("proxy.sync", host)
    driver, site = host_driver(target_of(host)), Domain.objects.get(name="news.test").site
    for _ in range(2):
        apply.remove_site(op_for(site), driver, host, site)
    assert "news" not in str(it.configuration(host, lab_host)[0])
    assert it.text(host, "blog.test") == "blog"
    assert sorted(lab_host.path(f"{it.FOLDER}/upstreams").iterdir()) == [
        lab_host.path(f"{it.FOLDER}/upstreams/blog._")
    ]


def test_certificates_of_some_names_are_forgotten(host: Host, lab_host: LabHost) -> None:
    store = lab_host.path("/var/lib/docker/volumes/siteflow-proxy_data/_data/caddy/certificates")
    for project in ("news", "blog"):
        it.start_site(lab_host, project)
        it.site_of(host, project)
    it.good("proxy.sync", host)
    assert [it.text(host, f"{name}.test") for name in ("news", "blog")] == ["news", "blog"]
    driver = host_driver(target_of(host))
    assert certificates.forget(driver, host, ["news.test", "never.test"]) == ["news.test"]
    assert [path.name for path in store.glob("*/*")] == ["blog.test"]
    assert certificates.forget(driver, host, ["news.test"]) == []
    assert it.text(host, "blog.test") == "blog"


# -- without a lost request -------------------------------------------------------------------


def test_another_container_takes_over_and_no_request_is_lost(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news", word="old")
    site = it.site_of(host, "news")
    it.good("proxy.sync", host)
    assert it.text(host, "news.test") == "old"
    driver = host_driver(target_of(host))
    with it.Asking(host, "news.test") as asking:
        new = it.start_site(lab_host, "news", number=2, word="new")
        it.good("proxy.sync", host)
        asking.go_on()
        assert set(asking.said) == {"old"}, "the new one was not proven yet"
        apply.switch_upstream(
            op_for(site), driver, host, site, service="web", container=new, port=8080
        )
        asking.go_on()
        lab_host.docker("rm", "--force", "news-web-1")
        asking.go_on()
    assert set(asking.said) == {"old", "new"}
    it.good("proxy.sync", host)
    assert it.text(host, "news.test") == "new"


def test_a_container_that_does_not_answer_does_not_take_over(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    site = it.site_of(host, "news")
    it.good("proxy.sync", host)
    driver = host_driver(target_of(host))
    with pytest.raises(VerbError) as refused:
        apply.switch_upstream(
            op_for(site), driver, host, site, service="web", container="news-web-1", port=9
        )
    assert refused.value.code == "proxy_no_answer"
    assert it.text(host, "news.test") == "news"


def test_a_reload_keeps_every_word(host: Host, lab_host: LabHost) -> None:
    it.start_site(lab_host, "news")
    it.site_of(host, "news")
    it.good("proxy.sync", host)
    before = it.configuration(host, lab_host)
    it.good("proxy.reload", host)
    assert it.configuration(host, lab_host) == before
    assert it.text(host, "news.test") == "news"
