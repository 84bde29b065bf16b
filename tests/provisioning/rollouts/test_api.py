"""Rollouts over HTTP: the plan, how it goes, and nothing of sites that one does not see."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from provisioning.models import Operation, Rollout
from sites.models import Grant, Site
from tests.people import logged_in
from tests.provisioning.rollouts.rows import end, under_way


def sent(user: User, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
    call = getattr(logged_in(user), method)
    address = f"/api/rollouts{path}"
    if method == "get":
        return call(address)
    return call(address, body or {}, content_type="application/json", headers=headers)


def counts(**told: int) -> dict[str, int]:
    return dict.fromkeys(("waiting", "running", "done", "failed", "skipped"), 0) | told


def test_from_preview_to_the_end(five: list[Site], admin: User, bob: User) -> None:
    Site.objects.filter(name="e").update(template_version=2)
    asked = {"template": "page", "wave_size": 3}
    plan = sent(admin, "post", "/preview", asked).json()
    assert [(line["site_name"], line["wave"]) for line in plan["sites"]] == [
        ("a", 1), ("b", 2), ("c", 2), ("d", 2),
    ]  # fmt: skip
    assert plan["left_out"] == [{
        "site": five[4].pk, "site_name": "e", "host_name": "web1", "from_version": 2, "wave": 0,
        "reason": "it runs version 2 already",
    }]  # fmt: skip
    assert not Rollout.objects.exists()
    begun = sent(admin, "post", "", asked)
    assert begun.status_code == 202
    told = begun.json()
    assert (told["version"], told["status"], told["actor"]) == (2, "running", "admin")
    assert told["sites"] == counts(running=1, waiting=3)
    operation = Operation.objects.get(kind="site.release")
    assert told["lines"][0] == {
        "site": five[0].pk, "site_name": "a", "host_name": "web1", "wave": 1, "from_version": 1,
        "release": 2, "status": "running", "message": "", "operation": operation.pk,
    }  # fmt: skip
    path = f"/{told['id']}"
    stopped = sent(admin, "post", f"{path}/stop").json()
    assert stopped["message"].startswith("Stopped by admin.")
    end(five[0])
    assert sent(admin, "post", f"{path}/resume").json()["sites"] == counts(done=1, running=3)
    assert under_way() == ["b", "c", "d"]
    assert sent(bob, "get", path).json()["status"] == "running"
    listed = sent(bob, "get").json()
    assert listed["total"] == 1
    assert listed["items"][0]["sites"] == counts(done=1, running=3)


def test_who_sees_one_of_its_sites_sees_no_other(
    five: list[Site], admin: User, charlie: User
) -> None:
    told = sent(admin, "post", "", {"template": "page", "wave_size": 50}).json()
    end(five[0])
    path = f"/{told['id']}"
    assert sent(charlie, "get", path).status_code == 404
    viewer = charlie.groups.model.objects.get(name="viewer")
    Grant.objects.create(role=viewer, user=charlie, site=five[2])
    Rollout.objects.get().sites.filter(site=five[3]).update(status="failed", message="no d")
    sent(admin, "post", f"{path}/stop")
    answer = sent(charlie, "get", path)
    assert [line["site_name"] for line in answer.json()["lines"]] == ["c"]
    assert answer.json()["sites"] == counts(waiting=1)
    assert "no d" not in answer.content.decode()
    assert sent(charlie, "get").json()["items"][0]["sites"] == counts(waiting=1)
    for act in ("stop", "resume"):
        assert sent(charlie, "post", f"{path}/{act}").status_code == 403


def test_sites_that_one_does_not_see_are_not_there(
    five: list[Site], admin: User, charlie: User
) -> None:
    role = charlie.groups.model.objects.get(name="admin")
    Grant.objects.create(role=role, user=charlie, site=five[1])
    plan = sent(charlie, "post", "/preview", {"template": "page"}).json()
    assert [line["site_name"] for line in plan["sites"]] == ["b"]
    foreign = {"template": "page", "sites": [five[0].pk]}
    for path in ("", "/preview"):
        assert sent(charlie, "post", path, foreign).status_code == 404
    assert sent(charlie, "post", "", {"template": "page"}).status_code == 202


def test_what_is_refused_says_why(five: list[Site], admin: User, bob: User) -> None:
    asked = {"template": "page", "sites": [five[0].pk]}
    assert sent(bob, "post", "", asked).status_code == 403
    assert sent(bob, "post", "/preview", asked).status_code == 403
    wrong = sent(admin, "post", "", {"template": "nothing"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "template")
    bodies: list[dict[str, Any]] = [
        {"sites": []}, {"wave_size": 0}, {"wave_size": 51}, {"version": 0}, {"more": 1},
    ]  # fmt: skip
    for body in bodies:
        assert sent(admin, "post", "", {"template": "page", **body}).status_code == 422
    Site.objects.filter(pk=five[0].pk).update(managed=False)
    refused = sent(admin, "post", "", asked)
    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == "a: it is not managed."


def test_the_same_key_again(five: list[Site], admin: User) -> None:
    key = {"Idempotency-Key": "abc"}
    answers = [sent(admin, "post", "", {"template": "page"}, **key).json() for _ in range(2)]
    assert answers[0]["id"] == answers[1]["id"]
    other = sent(admin, "post", "", {"template": "page", "wave_size": 9}, **key)
    assert other.json()["error"]["code"] == "idempotency_key_reused"
