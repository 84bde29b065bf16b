"""A prune takes the list that was looked at, as far as nobody uses it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost, fake_container
from provisioning.drivers.fake_things import fake_image
from provisioning.engine.errors import BadParams
from provisioning.models import Operation
from provisioning.things.asking import read_images
from provisioning.things.judging import Seen
from provisioning.things.owning import Owned, owned_on
from provisioning.things.pruning import MAX_ITEMS, PrunePlan, digest_of, item_of, plan_of
from sites.models import Host
from sites.rows import EVERYTHING
from tests.provisioning.things.on_host import image_id, ran, start

FREE = [f"free:1={image_id('4')}", f"free:2={image_id('4')}"]
NAMELESS = image_id("5")


def planned(row: Host, fake: FakeHost, *, all_unused: bool = True) -> PrunePlan:
    return plan_of(read_images(fake), owned_on(row, user=EVERYTHING), all_unused=all_unused)


def params(plan: PrunePlan) -> dict[str, Any]:
    return {"images": [str(item) for item in plan.items], "plan_digest": plan.digest}


def ids(fake: FakeHost) -> set[str]:
    return {image.image_id[-1] for image in fake.images.values()}


# -- the list ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_what_nobody_uses_is_on_the_list(row: Host, fake: FakeHost) -> None:
    assert [str(item) for item in planned(row, fake, all_unused=False).items] == [NAMELESS]
    plan = planned(row, fake)
    assert [str(item) for item in plan.items] == [*FREE, NAMELESS]
    assert (plan.size_bytes, plan.own_bytes, plan.left_out) == (900, None, 0)


def test_what_was_measured_says_how_much_goes_for_certain() -> None:
    images = tuple(fake_image("x", image_id=image_id(one), names=()) for one in "12")
    seen = Seen((), images=images)
    own = {image_id("1"): 7, image_id("2"): 5}
    assert plan_of(seen, Owned(), all_unused=False, own=own).own_bytes == 12
    assert plan_of(seen, Owned(), all_unused=False, own={image_id("1"): 7}).own_bytes is None
    assert plan_of(Seen(), Owned(), all_unused=True, own={}).own_bytes == 0


def test_a_list_has_an_end_and_says_so() -> None:
    ids = [f"sha256:{number:064x}" for number in range(MAX_ITEMS + 7)]
    images = tuple(fake_image("x", image_id=one, names=()) for one in ids)
    plan = plan_of(Seen((), images=images), Owned(), all_unused=False)
    assert (len(plan.items), plan.left_out) == (MAX_ITEMS, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "=",
        f"={NAMELESS}",
        f"../x={NAMELESS}",
        f"{NAMELESS}={NAMELESS}",
        f"a={NAMELESS} ",
        f"a b={NAMELESS}",
    ],  # fmt: skip  # noqa: E501
)
def test_what_is_no_item_of_a_list(text: str) -> None:
    with pytest.raises(ValueError, match="no item"):
        item_of(text)


# -- applying it ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_prune_takes_what_was_shown(row: Host, fake: FakeHost) -> None:
    done = ran(row, "image.prune", **params(planned(row, fake)))
    assert done.message == "Images of web1: 3 removed, 0 skipped."
    assert done.result == {"removed": 3, "skipped": {}}
    assert ids(fake) == {"1", "2", "3"}


@pytest.mark.django_db
def test_a_list_that_was_changed_is_refused(row: Host, fake: FakeHost) -> None:
    shown = params(planned(row, fake))
    for wrong in (
        shown | {"images": shown["images"][:1]},
        shown | {"images": [*shown["images"], f"nginx:1.27={image_id('1')}"]},
        shown | {"plan_digest": digest_of([])},
        shown | {"plan_digest": ""},
        shown | {"images": [], "plan_digest": digest_of([])},
    ):
        with pytest.raises(BadParams):
            start(row, "image.prune", **wrong)


def _used(fake: FakeHost) -> None:
    fake.containers["new"] = fake_container("new", state="created", image_id=image_id("4"))


def _moved(fake: FakeHost) -> None:
    fake.images["free:1"] = fake_image("free:1", image_id=image_id("8"))


def _named(fake: FakeHost) -> None:
    fake.images["name:1"] = replace(fake.images.pop(NAMELESS), names=("name:1",))


def _gone(fake: FakeHost) -> None:
    fake.images.pop("free:1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("meanwhile", "left", "skipped"),
    [
        (_used, {"4"}, {"free:1": "It is used by new (created).",
                        "free:2": "It is used by new (created)."}),
        (_moved, {"8"}, {"free:1": "The name means another image by now."}),
        (_named, {"5"}, {NAMELESS[:19]: "It is called name:1 by now."}),
        (_gone, set(), {"free:1": "It is gone already."}),
    ],
)  # fmt: skip
def test_what_changed_since_is_skipped_and_told(
    row: Host, fake: FakeHost, meanwhile: Callable[[FakeHost], None], left: set[str],
    skipped: dict[str, str],
) -> None:  # fmt: skip
    shown = params(planned(row, fake))
    meanwhile(fake)
    fake.images["other:1"] = fake_image("other:1", image_id=image_id("7"))  # not on the list
    done = ran(row, "image.prune", **shown)
    assert done.status == "succeeded"
    assert done.result["skipped"] == skipped
    assert ids(fake) == {"1", "2", "3", "7", *left}
    assert all(why in done.message for why in skipped.values())


@pytest.mark.django_db
def test_what_the_engine_keeps_is_skipped(row: Host, fake: FakeHost) -> None:
    shown = params(planned(row, fake, all_unused=False))
    fake.fail("remove_image", DriverError("web1: image has dependent child images", "conflict"))
    done = ran(row, "image.prune", **shown)
    assert "dependent child images" in done.message and "5" in ids(fake)


@pytest.mark.django_db
def test_a_prune_that_breaks_says_what_it_removed(row: Host, fake: FakeHost) -> None:
    shown = params(planned(row, fake))
    fake.fail("remove_image", DriverError("web1: gone", "not_found"),
              DriverError("web1: it broke", "link_lost"))  # fmt: skip
    done = ran(row, "image.prune", **shown)
    assert (done.status, done.error_code) == ("failed", "link_lost")
    journal = Operation.objects.get(pk=done.pk).journal
    assert journal["after"] == {"removed": ["free:1"], "skipped": {}}
