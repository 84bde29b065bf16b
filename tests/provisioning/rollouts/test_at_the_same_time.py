"""Several monitors, and somebody who stops it: one after the other, whoever comes first."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from audit.record import Actor
from provisioning.models import Operation, Rollout
from provisioning.rollouts.advancing import advance
from sites.models import Site
from tests.people import make_roles, person
from tests.provisioning.rollouts.rows import end, make_sites, make_template, rolled, stands
from tests.provisioning.rows import COMMAND, make_host

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*keys: int) -> list[str]:
    """Each of these advanced in a thread of its own, all at the same moment."""
    barrier, failed = threading.Barrier(len(keys)), []

    def run(key: int) -> None:
        try:
            barrier.wait(10)
            advance(key)
        except Exception as error:  # whatever it is, the test is told
            failed.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return failed


def test_four_monitors_begin_every_site_once() -> None:
    make_template()
    sites = make_sites(make_host(), *"abcdefgh")
    row = rolled(COMMAND, wave_size=10)
    end(sites[0])
    assert at_once(*[row.pk] * 4) == []
    releases = Operation.objects.filter(kind="site.release").exclude(site=sites[0])
    assert sorted(releases.values_list("target_name", flat=True)) == list("bcdefgh")
    assert set(stands(row).values()) == {"done", "running"}


def test_two_that_begin_with_the_same_sites() -> None:
    make_template()
    make_sites(make_host(), *"abcd")
    make_roles()
    admin = person("admin")
    actor = Actor(user_id=admin.pk, name="admin", source="api")
    barrier, told = threading.Barrier(2), []

    def begin() -> None:
        try:
            barrier.wait(10)
            told.append(str(rolled(actor).pk))
        except Exception as error:  # the second one's refusal
            told.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    row = Rollout.objects.get()
    assert sorted(told) == sorted(
        [str(row.pk), f"a: release 2 waits, prepared by rollout {row.pk}, which is under way."]
    )
    assert Site.objects.filter(revision=2).count() == 4
