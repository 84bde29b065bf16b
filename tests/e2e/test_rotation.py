"""A worker that is killed for good in the middle of a rotation, and the one that ends it."""

from __future__ import annotations

import json

import pytest

from tests.lab import Lab
from tests.stack import add_lab_host, stack


@pytest.mark.lab
@pytest.mark.e2e
def test_the_next_worker_ends_what_a_killed_one_began(lab: Lab) -> None:
    keys = lab.web1.path("/root/.ssh/authorized_keys")
    before = keys.read_bytes()
    try:
        with stack(SITEFLOW_FAILPOINTS="host.rotate-key/Change over/after=kill") as running:
            add_lab_host(running, lab.web1)
            said = json.loads(running.manage("host", "rotate-key", "web1", "--json"))
            assert (said["status"], said["attempts"]) == ("succeeded", 2)
            shown = json.loads(running.manage("host", "show", "web1", "--json"))
            assert keys.read_text() == shown["public_key"] + "\n"
            tested = json.loads(running.manage("host", "test", "web1", "--json"))
            assert tested["status"] == "succeeded"
    finally:
        keys.write_bytes(before)
