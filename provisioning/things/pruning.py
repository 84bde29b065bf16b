"""What a prune of images would take, as a list with a digest. Nothing else is taken afterwards.

An item is what goes by one call: the id of an image without a name, or ``name=id``, a name as long
as it means that image. An image goes with its last name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from provisioning.drivers.image_names import IMAGE_ID, is_image_name
from provisioning.drivers.things import ImageState
from provisioning.things.judging import Seen, why_image_stays
from provisioning.things.owning import Owned

MAX_ITEMS: Final = 200  # each message about the operation carries them
_ITEM: Final = re.compile(r"(?:(?P<name>[^=]{1,512})=)?(?P<image>sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Item:
    image_id: str
    name: str = ""  # empty: the image has none

    def __str__(self) -> str:
        return f"{self.name}={self.image_id}" if self.name else self.image_id

    @property
    def shown(self) -> str:
        return self.name or self.image_id[:19]


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """``own_bytes`` are what goes for certain, None where that was not measured; what images share
    with each other comes on top of it, at most ``size_bytes`` in all."""

    images: tuple[ImageState, ...]
    items: tuple[Item, ...]
    size_bytes: int
    own_bytes: int | None
    left_out: int  # beyond the number of items that one prune takes

    @property
    def digest(self) -> str:
        return digest_of(map(str, self.items))


def plan_of(
    seen: Seen, owned: Owned, *, all_unused: bool, own: dict[str, int] | None = None
) -> PrunePlan:
    """Of images that nobody uses those without a name, or with ``all_unused`` the others too.

    ``own``: what each image shares with no other, where it was measured.
    """
    free = [one for one in seen.images if not why_image_stays(one, seen, owned)]
    wanted = sorted(
        (one for one in free if all_unused or not one.names), key=lambda one: one.image_id
    )
    kept: list[ImageState] = []
    items: list[Item] = []
    for image in wanted:
        its = items_of(image)
        if len(items) + len(its) > MAX_ITEMS:
            break
        kept.append(image)
        items += its
    sizes = [own.get(one.image_id) for one in kept] if own is not None else [None]
    known = [size for size in sizes if size is not None]
    return PrunePlan(
        tuple(kept),
        tuple(items),
        size_bytes=sum(one.size_bytes for one in kept),
        own_bytes=sum(known) if len(known) == len(sizes) else None,
        left_out=len(wanted) - len(kept),
    )


def items_of(image: ImageState) -> list[Item]:
    return [Item(image.image_id, name) for name in image.names] or [Item(image.image_id)]


def digest_of(items: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(items)).encode()).hexdigest()


def item_of(text: str) -> Item:
    """Raises ValueError for what is none."""
    found = _ITEM.fullmatch(text)
    name = (found["name"] or "") if found else ""
    if found is None or (name and (not is_image_name(name) or IMAGE_ID.fullmatch(name))):
        raise ValueError("no item of a plan")
    return Item(found["image"], name)


def plan_out(plan: PrunePlan) -> dict[str, Any]:
    """As `PrunePlanOut` of the API."""
    return {
        "images": [
            {
                "id": one.image_id, "names": list(one.names), "size_bytes": one.size_bytes,
                "created_at": one.created_at,
            }
            for one in plan.images
        ],
        "items": [str(item) for item in plan.items],
        "size_bytes": plan.size_bytes,
        "own_bytes": plan.own_bytes,
        "left_out": plan.left_out,
        "plan_digest": plan.digest,
    }  # fmt: skip
