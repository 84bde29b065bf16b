"""A real Prometheus scrapes a running SiteFlow that watches real hosts."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.e2e.prometheus_server import prometheus
from tests.stack import Stack

pytestmark = [pytest.mark.lab, pytest.mark.e2e]


def test_prometheus_scrapes_and_answers(console: Stack, tmp_path: Path) -> None:
    account = ("add", "prometheus", "--role", "viewer", "--password-stdin")
    console.manage("user", *account, stdin=secrets.token_hex(24))
    made = console.manage_json("user", "token", "prometheus", "--scopes", "read")
    with prometheus(tmp_path, f"127.0.0.1:{console.port}", made["token"]) as server:
        [up] = server.wait_for('up{job="siteflow"} == 1')
        assert up["value"][1] == "1"
        hosts = server.wait_for('siteflow_host_state{state="reachable"} == 1')
        assert {one["metric"]["host"] for one in hosts} <= {"web1", "web2"}
        running = server.wait_for('siteflow_container_state{state="running"} == 1')
        assert all(one["metric"]["container"] for one in running)
        [build] = server.query("siteflow_build_info")
        assert build["metric"]["version"]
        # what the docs ask
        age = server.wait_for("time() - siteflow_host_read_timestamp_seconds")
        assert all(float(one["value"][1]) >= 0 for one in age)
