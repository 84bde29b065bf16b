from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.containers import ContainerState, Port
from provisioning.drivers.errors import DriverError
from provisioning.drivers.parse_container import STATES, from_inspect, from_listing, parse_time

RECORDED = Path(__file__).with_name("recorded")  # Docker Engine 20.10, API 1.41
ID = "ab" * 32


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


def row(**changes: Any) -> dict[str, Any]:
    base = {"Id": ID, "Names": ["/web"], "Image": "nginx", "State": "running", "Status": "Up"}
    return base | changes


def answer(**state: Any) -> dict[str, Any]:
    return {"Id": ID, "Name": "/web", "Image": "sha256:0", "State": {"Status": "running"} | state}


def test_the_short_listing() -> None:
    found = {each.name: each for each in map(from_listing, recorded("containers"))}
    assert set(found) == {"legacy", "shop-db-1", "shop-migrate-1", "shop-web-1"}
    web, job, legacy = found["shop-web-1"], found["shop-migrate-1"], found["legacy"]
    assert (web.state, web.health, web.exit_code) == ("running", "healthy", None)
    assert web.labels["com.docker.compose.service"] == "web"
    assert (job.state, job.exit_code) == ("exited", 3)
    assert legacy.ports == (Port(80, "tcp", 8081, "0.0.0.0"), Port(80, "tcp", 8081, "::"))  # noqa: S104
    assert not web.complete
    assert web.created_at is not None


def test_a_running_container_in_full() -> None:
    web = from_inspect(recorded("inspect_running"))
    assert (web.name, web.image) == ("shop-web-1", "siteflow/busybox:1")
    assert (web.state, web.health, web.exit_code) == ("running", "healthy", None)
    assert web.complete
    assert Port(80, "tcp", 8080, "0.0.0.0") in web.ports  # noqa: S104
    assert web.started_at == datetime(2026, 11, 21, 2, 35, 7, 248339, UTC)
    assert web.finished_at is None


def test_an_ended_container_in_full() -> None:
    job = from_inspect(recorded("inspect_exited"))
    assert (job.state, job.exit_code, job.health) == ("exited", 3, "")
    assert job.finished_at is not None


def test_both_readings_agree() -> None:
    short = {each.docker_id: each for each in map(from_listing, recorded("containers"))}
    for name in ("inspect_running", "inspect_exited"):
        full = from_inspect(recorded(name))
        listed = short[full.docker_id]
        for field in ("name", "image", "image_id", "state", "health", "exit_code", "labels"):
            assert getattr(full, field) == getattr(listed, field), field
        assert full.ports == listed.ports


@pytest.mark.parametrize(
    ("state", "status", "exit_code", "health"),
    [
        ("exited", "Exited (137) 3 days ago", 137, ""),
        ("exited", "Exited (0) About a minute ago", 0, ""),
        ("restarting", "Restarting (1) 5 seconds ago", 1, ""),
        ("running", "Up 5 minutes (unhealthy)", None, "unhealthy"),
        ("running", "Up 2 seconds (health: starting)", None, "starting"),
        ("paused", "Up 2 hours (Paused)", None, ""),
        ("created", "Created", None, ""),
        ("dead", "Dead", None, ""),
        ("stopped", "Exited (2) 1 hour ago", 2, ""),
        ("exited", "Exited (99999999999999) x", None, ""),
    ],
)
def test_what_the_status_says(state: str, status: str, exit_code: int | None, health: str) -> None:
    found = from_listing(row(State=state, Status=status))
    assert (found.exit_code, found.health) == (exit_code, health)


def test_other_names_are_those_of_links() -> None:
    assert from_listing(row(Names=["/app/db", "/db"])).name == "db"
    assert from_listing(row(Names=None)).name == ""


def test_ports_that_are_not_published() -> None:
    ports = {"80/tcp": None, "53/udp": [], "443/tcp": [{"HostIp": "", "HostPort": "8443"}]}
    found = from_inspect(answer() | {"NetworkSettings": {"Ports": ports}}).ports
    assert found == (Port(53, "udp"), Port(80, "tcp"), Port(443, "tcp", 8443))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T01:02:03.123456789Z", datetime(2026, 11, 21, 1, 2, 3, 123456, UTC)),
        ("2026-11-21T01:02:03Z", datetime(2026, 11, 21, 1, 2, 3, 0, UTC)),
        ("2026-11-21T01:02:03.5+02:00", datetime(2026, 11, 20, 23, 2, 3, 500000, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-13-41T01:02:03Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("٢٠٢٦-11-21T01:02:03Z", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_times(text: object, moment: datetime | None) -> None:
    assert parse_time(text) == moment
    assert moment is None or moment.utcoffset() == timedelta(0)


def test_hostile_texts_can_be_stored() -> None:
    labels = {f"k{number}": "v" for number in range(500)} | {"a\x00b": "x"}
    labels = {"big\x00": "\ud800" + "x" * 10_000, **labels}
    found = from_listing(row(Names=["/" + "n" * 1000], Image="i\x00\udfff", Labels=labels))
    assert len(found.name) == 255
    assert found.image == "i"
    assert len(found.labels) == 200
    assert len(found.labels["big"]) == 4095
    json.dumps(found.labels).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"Id": "../../images"},
        {"Id": "AB" * 32},
        {"Id": ID + "\n"},
        {"Id": None},
        {"State": "pwned"},
        {"State": None},
        {"State": ["running"]},
    ],
)
def test_what_cannot_be_a_container(change: dict[str, Any]) -> None:
    with pytest.raises(DriverError) as caught:
        from_listing(row(**change))
    assert caught.value.code == "garbage"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ["Id", "Names", "Image", "ImageID", "State", "Status", "Labels", "Ports", "Created", "Name",
        "Config", "NetworkSettings", "RestartCount"]  # fmt: skip
INNER = ["Status", "ExitCode", "Health", "StartedAt", "Labels", "Image", "Ports", "80/tcp",
         "PrivatePort", "Type", "PublicPort", "IP", "HostPort"]  # fmt: skip
NESTED = st.dictionaries(st.sampled_from(INNER), JSON | st.sampled_from(sorted(STATES)))


def _fits_the_columns(found: ContainerState) -> None:
    assert len(found.name) <= 255
    assert all(len(value) <= 4096 for value in found.labels.values())
    assert all(0 < port.private < 65536 for port in found.ports)
    assert found.exit_code is None or abs(found.exit_code) < 2**31
    assert 0 <= found.restart_count < 2**31


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON | NESTED | st.lists(NESTED)) | JSON)
def test_anything_is_a_container_or_garbage(value: Any) -> None:
    for parse, filled in ((from_listing, row()), (from_inspect, answer())):
        for candidate in (value, filled | value if isinstance(value, dict) else value):
            try:
                found = parse(candidate)
            except DriverError as error:
                assert error.code == "garbage"
            else:
                _fits_the_columns(found)
