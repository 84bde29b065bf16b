"""A version that some sites do not bear, rolled out on a real host: it goes no further."""

from __future__ import annotations

import pytest

from provisioning.models import Operation, Rollout
from provisioning.rollouts import acts
from provisioning.rollouts.advancing import advance_all
from provisioning.rollouts.planning import Rolling
from sites.models import Host, Site
from tests.lab import Lab
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import made, seen
from tests.provisioning.site_runs.bare import COMPOSE, make_template
from tests.provisioning.site_runs.conftest import ended

pytestmark = pytest.mark.lab

# It ends at once where the first version did not mind.
SECOND = COMPOSE.replace("crash)", "crash|fragile)").replace(
    '$$SITE_TITLE\\"', '$$SITE_TITLE two\\"'
)


def run_what_was_begun() -> Operation:
    row = ended(Operation.objects.active().get(kind="site.release"))
    advance_all()
    return row


def test_the_first_failure_ends_it_and_the_others_serve_on(place: Host, lab: Lab) -> None:
    make_template()
    for name, mood in (("first", "good"), ("second", "fragile"), ("third", "good")):
        made(place, name, params={"site_mood": mood})
    make_template(compose=SECOND)
    wanted = Rolling(template="bare", wave_size=1)
    row = acts.begin(wanted, actor=COMMAND, among=Site.objects.all())
    assert run_what_was_begun().status == "succeeded"
    assert seen(lab.web1, "first.example.test") == (200, "hello two")
    failed = run_what_was_begun()
    assert failed.target_name == "second" and failed.status != "succeeded"
    row = Rollout.objects.get(pk=row.pk)
    assert (row.status, row.message[:18]) == ("stopped", "Stopped in wave 2:")
    assert [one.status for one in row.sites.all()] == ["done", "failed", "waiting"]
    assert "second #1 serves on" in row.sites.get(site__name="second").message
    for name in ("second", "third"):
        assert seen(lab.web1, f"{name}.example.test") == (200, "hello")
    versions = dict(Site.objects.filter(template="bare").values_list("name", "template_version"))
    assert versions == {"first": 2, "second": 1, "third": 1}
    assert not Operation.objects.active().exists()
