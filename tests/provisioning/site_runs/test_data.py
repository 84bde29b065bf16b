"""What sites keep in their volumes outlasts everything but the one verb that destroys it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning import engine
from provisioning.models import Operation, Quarantine
from sites.models import Container, Domain, Host, Site
from tests.lab import Lab
from tests.lab.host import Host as LabHost
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import asked, did, made, prepared, seen, words
from tests.provisioning.site_runs.bare import make_template
from tests.provisioning.site_runs.ground import ended
from tests.provisioning.site_runs.world import checksums, differences, world

pytestmark = pytest.mark.lab
VOLUME = "corner_store"


def filled(host: LabHost) -> str:
    """The checksums of what somebody has put in, besides what the program itself adds to."""
    script = "for n in 1 2 3; do head -c 100000 /dev/urandom >/data/photo$n; done"
    host.docker("exec", "corner-store-1", "sh", "-c", script)
    sums = photos(host)
    assert len(sums) == 3
    return "".join(sums)


def photos(host: LabHost) -> list[str]:
    return sorted(one for one in checksums(host, VOLUME).splitlines() if "photo" in one)


def succeeded(operation: Operation) -> Operation:
    assert operation.status == "succeeded", words(operation)
    return operation


def of(row: Any, kind: str, **params: Any) -> Operation:
    confirm = str(row) if kind in ("quarantine.purge", "domain.remove") else None
    return engine.start(kind, row, actor=COMMAND, params=params, confirm_name=confirm)


def test_a_removal_is_undone_with_all_data_or_ended_without_a_trace(
    place: Host, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_template()
    host, before = lab.web1, world(lab.web1)
    site = made(place)
    secret = site.releases.get().reveal()["STORE_PASSWORD"]
    data = filled(host)
    succeeded(did(site, "site.deprovision", remove_volumes=True, remove_files=True))
    assert "".join(photos(host)) == data
    succeeded(ended(of(Quarantine.objects.get(), "quarantine.restore")))
    again = Site.objects.get(project="corner")
    assert not Quarantine.objects.exists() and again.stage == Site.Stage.DRAFT
    refused = did(again, "site.provision")
    assert refused.error_code == "volume_exists", words(refused)
    rests = world(host)
    monkeypatch.setenv("SITEFLOW_FAILPOINTS", "site.provision/Answer/after=raise")
    assert did(again, "site.provision", reuse_volumes=True).status == "failed"
    assert not differences(rests, world(host)), "what was there before it is there after it"
    monkeypatch.delenv("SITEFLOW_FAILPOINTS")
    succeeded(did(again, "site.provision", reuse_volumes=True))
    assert seen(host) == (200, "hello")
    assert "".join(photos(host)) == data
    starts = host.docker("exec", "corner-store-1", "cat", "/data/starts").split()
    assert starts == [secret] * 3, "it knows the password that its data was made with"
    succeeded(did(again, "site.deprovision", remove_volumes=True, remove_files=True))
    succeeded(ended(of(Quarantine.objects.get(), "quarantine.purge")))
    host.run("rmdir", "/srv/.quarantine")
    assert not differences(before, world(host))


def test_no_verb_but_its_destruction_changes_what_is_in_a_volume(place: Host, lab: Lab) -> None:
    make_template()
    host, site = lab.web1, made(place)
    data = filled(host)

    def same(after: str) -> None:
        assert "".join(photos(host)) == data, after

    def release(status: str, **env: str) -> None:
        operation = did(site, "site.release", number=prepared(site, **env))
        assert operation.status == status, words(operation)
        same(f"release, {status}")

    assert did(site, "site.provision").error_code == "conflict"
    same("provision, again")
    release("succeeded", SITE_TITLE="second")
    release("succeeded", STORE_PASSWORD="another")  # what holds the data is replaced
    release("undone", SITE_MOOD="crash")
    release("undone", SITE_MOOD="crash", STORE_PASSWORD="third")
    succeeded(did(site, "site.rollback"))
    same("rollback")
    docker_id = host.docker("inspect", "--format", "{{.Id}}", "corner-store-1").strip()
    store = Container.objects.get(docker_id=docker_id)
    succeeded(ended(of(store, "container.restart")))
    same("restart")
    of(Domain.objects.get(), "domain.remove")
    assert asked(site, "site.disown").status == "succeeded"
    same("disown")
    succeeded(did(Site.objects.get(pk=site.pk), "site.adopt"))
    same("adopt")
    succeeded(did(Site.objects.get(pk=site.pk), "site.deprovision", remove_files=True))
    same("deprovision, volumes kept")
