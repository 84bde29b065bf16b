from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from monitoring.notify.models import Channel, Delivery
from monitoring.notify.queueing import queue
from tests.monitoring.notify.conftest import CHANNELS, notice
from tests.people import logged_in

URL = "jsons://robot:s3cret@hooks.example.org/s3cret"


def sent(user: User, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
    call = getattr(logged_in(user), method)
    address, headers = f"/api/notifications{path}", {"Idempotency-Key": key} if key else {}
    if body is None:
        return call(address, headers=headers)
    return call(address, body, content_type="application/json", headers=headers)


def test_from_making_a_channel_to_removing_it(admin: User) -> None:
    made = sent(admin, "post", "/channels", {"name": "ops", "url": URL})
    assert made.status_code == 201
    told = made.json()
    assert told | {"id": 0, "created_at": ""} == {
        "id": 0, "name": "ops", "kind": "jsons", "service": "Webhook (JSON)",
        "hint": "jsons://hooks.example.org/…", "min_severity": "warning", "scope": "everything",
        "host": None, "site": None, "tag": None, "of": "everything", "resolved": True,
        "enabled": True, "failing_until": None, "created_at": "",
    }  # fmt: skip
    path = f"/channels/{told['id']}"
    changed = sent(admin, "patch", path, {"name": "night", "resolved": False})
    assert (changed.json()["name"], changed.json()["resolved"]) == ("night", False)
    assert sent(admin, "get", "/channels").json()["items"] == [changed.json()]
    assert sent(admin, "get", path).json() == changed.json()
    assert Channel.objects.get().reveal() == URL
    tested = sent(admin, "post", f"{path}/test", {})
    assert tested.status_code == 202 and tested.json()["state"] == "waiting"
    assert sent(admin, "delete", path).status_code == 204
    assert sent(admin, "get", path).status_code == 404
    for answer in (made, changed, tested):
        assert "s3cret" not in answer.content.decode()


def test_a_request_that_is_sent_again_is_done_once(admin: User) -> None:
    wanted = {"name": "ops", "url": URL}
    made, again = (sent(admin, "post", "/channels", wanted, key="k-1") for _ in range(2))
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json()
    other = sent(admin, "post", "/channels", {"name": "night", "url": URL}, key="k-1")
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    night = sent(admin, "post", "/channels", {"name": "night", "url": URL}).json()
    path = f"/channels/{made.json()['id']}/test"
    assert {sent(admin, "post", path, {}, key="k-2").json()["id"] for _ in range(2)} == {
        Delivery.objects.get().pk
    }
    other = sent(admin, "post", f"/channels/{night['id']}/test", {}, key="k-2")
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    assert Delivery.objects.count() == 1


def test_what_is_wrong_is_named(admin: User, channel: CHANNELS) -> None:
    refused = sent(admin, "post", "/channels", {"name": "ops", "url": "syslog://s3cret"})
    assert refused.status_code == 422 and "s3cret" not in refused.content.decode()
    assert refused.json()["error"]["field"] == "url"
    unknown = sent(admin, "post", "/channels", {"name": "ops", "url": URL, "colour": "red"})
    assert unknown.status_code == 422 and "s3cret" not in unknown.content.decode()
    channel(name="ops")
    assert sent(admin, "post", "/channels", {"name": "ops", "url": URL}).status_code == 409


def test_deliveries_are_narrowed_down_and_tried_again(admin: User, channel: CHANNELS) -> None:
    first, _ = channel(), channel()
    queue(notice())
    Delivery.objects.filter(channel=first).update(
        state="given_up", error="It answered 500.", attempts=9, ended_at=timezone.now()
    )
    told = sent(admin, "get", f"/deliveries?channel={first.pk}&state=given_up").json()
    assert told["total"] == 1 and told["items"][0]["error"] == "It answered 500."
    assert told["items"][0]["next_at"] is None
    path = f"/deliveries/{told['items'][0]['id']}"
    again = sent(admin, "post", f"{path}/try-again", {})
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert sent(admin, "get", path).json()["state"] == "waiting"
    assert sent(admin, "get", "/deliveries?state=nonsense").status_code == 422


def test_others_are_told_nothing(alice: User, bob: User, channel: CHANNELS) -> None:
    row = channel()
    queue(notice())
    for user in (alice, bob):
        for path in ("/channels", f"/channels/{row.pk}", "/channels/999", "/deliveries"):
            assert sent(user, "get", path).status_code == 403
        assert sent(user, "post", "/channels", {"name": "x", "url": URL}).status_code == 403
        assert sent(user, "post", f"/channels/{row.pk}/test", {}).status_code == 403
    assert Channel.objects.count() == Delivery.objects.count() == 1
