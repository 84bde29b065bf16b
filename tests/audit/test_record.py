import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from audit.chain import verify
from audit.hashing import SEALED_FIELDS, seal
from audit.models import GENESIS_HASH, Entry, Head
from audit.record import Actor, BrokenHeadError, record
from tests.audit.conftest import Put
from tests.audit.tampering import tamper

pytestmark = pytest.mark.django_db

ALICE = Actor(
    user_id=7,
    name="alice",
    source="console",
    remote_addr="2001:DB8:0::7",
    user_agent="Firefox",
    request_id="r-1",
)


def test_all_that_is_said_is_kept(put: Put) -> None:
    with time_machine.travel(datetime(2031, 5, 6, 7, 8, 9, 123456, UTC), tick=False):
        put(
            phase="outcome",
            action="container.restart",
            status="failed",
            actor=ALICE,
            target_type="container",
            target_id=12,
            target_name="shop-web-1",
            host_name="alpha",
            place=(3, None),
            operation_id=99,
            before={"state": "running"},
            after={"state": "exited"},
            output="line 1\nline 2",
            error="No such container",
            error_code="not_found",
            duration_ms=12.34567,
        )
    entry = Entry.objects.get()
    assert {name: getattr(entry, name) for name in (*SEALED_FIELDS, "hash")} == {
        "id": 1,
        "at": datetime(2031, 5, 6, 7, 8, 9, 123456, UTC),
        "phase": "outcome",
        "action": "container.restart",
        "status": "failed",
        "target_type": "container",
        "target_id": "12",
        "target_name": "shop-web-1",
        "host_name": "alpha",
        "host_id": 3,
        "site_id": None,
        "actor_id": 7,
        "actor_name": "alice",
        "source": "console",
        "remote_addr": "2001:db8::7",
        "user_agent": "Firefox",
        "request_id": "r-1",
        "operation_id": 99,
        "before": {"state": "running"},
        "after": {"state": "exited"},
        "output": "line 1\nline 2",
        "error": "No such container",
        "error_code": "not_found",
        "duration_ms": 12.346,
        "prev_hash": GENESIS_HASH,
        "hash": seal(vars(entry)),
    }
    assert str(entry) == "1 container.restart shop-web-1 failed"


def test_numbers_follow_one_another_and_hashes_chain(put: Put) -> None:
    first, second, third = put(), put(), put()
    assert [first.id, second.id, third.id] == [1, 2, 3]
    assert [second.prev_hash, third.prev_hash] == [first.hash, second.hash]
    head = Head.objects.get()
    assert (head.seq, head.hash) == (3, third.hash)


def test_an_entry_that_is_rolled_back_leaves_no_gap(put: Put) -> None:
    put()
    with pytest.raises(RuntimeError), transaction.atomic():
        record(phase="intent", action="host.test", status="accepted", actor=ALICE)
        raise RuntimeError
    assert put().id == 2
    assert verify().ok


@pytest.mark.parametrize(
    "wrong", [{"phase": "later"}, {"status": "fine"}, {"actor": Actor(source="telepathy")}]
)
def test_an_unknown_phase_status_or_source_is_refused(put: Put, wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="(?i)constraint"), transaction.atomic():
        put(**wrong)
    assert not Entry.objects.exists()


def test_everything_is_capped(put: Put, settings: Settings) -> None:
    settings.AUDIT_MAX_OUTPUT_LENGTH = 300
    long = "x" * 100_000
    put(
        action=long,
        actor=Actor(name=long, user_agent=long, request_id=long),
        target_type=long,
        target_id=long,
        target_name=long,
        host_name=long,
        error_code=long,
        output=long,
        error=long,
        before={"log": long},
    )
    entry = Entry.objects.get()
    lengths = [len(str(getattr(entry, field.attname))) for field in Entry._meta.fields]
    assert max(lengths) <= 400
    assert isinstance(entry.before, dict)
    for text in (entry.output, entry.error, entry.before["log"]):
        assert len(text) <= 300
        assert "99740 characters cut" in text
    assert verify().ok


def test_secrets_are_masked_everywhere(put: Put) -> None:
    marker = "hunter2-Zq9"
    put(
        before={"env": {"DB_PASSWORD": marker}},
        after=[f"TOKEN={marker}"],
        output=f"MYSQL_PASSWORD={marker}",
        error=f"postgres://u:{marker}@db/x refused",
        actor=Actor(user_agent=f"Bearer {marker}"),
    )
    assert marker not in str(Entry.objects.values())


@pytest.mark.parametrize("duration_ms", [None, math.inf, math.nan])
def test_no_duration(put: Put, duration_ms: float | None) -> None:
    assert put(duration_ms=duration_ms).duration_ms is None


def test_an_address_that_is_none_is_not_kept(put: Put) -> None:
    assert put(actor=Actor(remote_addr="'; DROP TABLE")).remote_addr is None


def test_a_clock_set_back_is_remembered(put: Put) -> None:
    noon = datetime(2031, 1, 1, 12, tzinfo=UTC)
    for moment in (noon, noon - timedelta(minutes=5), noon - timedelta(minutes=2)):
        with time_machine.travel(moment, tick=False):
            put()
    head = Head.objects.get()
    assert (head.latest_at, head.clock_back) == (noon, timedelta(minutes=5))
    assert list(Entry.objects.order_by("id").values_list("at", flat=True))[1] < noon


def test_without_its_head_the_chain_is_not_continued(put: Put) -> None:
    put()
    tamper("DELETE FROM audit_head")
    with pytest.raises(BrokenHeadError, match="audit_head"):
        put()


def test_an_empty_audit_gets_its_head(put: Put) -> None:
    tamper("DELETE FROM audit_head")
    assert put().id == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=json_values,
    text=st.text(),
    duration_ms=st.none() | st.floats(),
    address=st.ip_addresses().map(str),
)
def test_whatever_is_recorded_reads_back_as_it_was_sealed(
    before: Any, text: str, duration_ms: float | None, address: str
) -> None:
    """The trap: a database that returns a value otherwise than stored would look like tampering."""
    sealed = record(
        phase="event",
        action=text,
        status="succeeded",
        actor=Actor(name=text, remote_addr=address),
        target_name=text,
        before=before,
        after=[before, text],
        output=text,
        duration_ms=duration_ms,
    )
    assert seal(vars(Entry.objects.get(id=sealed.id))) == sealed.hash
