"""Pruning images: what goes is the list that was looked at, as far as nobody uses it meanwhile."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.things import ImageState
from provisioning.operations.contract import Op
from provisioning.things import newer
from provisioning.things.asking import image_on, read_images
from provisioning.things.judging import Seen, why_image_stays
from provisioning.things.owning import Owned, owned_on
from provisioning.things.pruning import MAX_ITEMS, Item, digest_of, item_of
from sites.rows import EVERYTHING

_TOLD: Final = 10  # of what was skipped, in the sentence at the end
_SAID_TOGETHER: Final = 20  # lines: each time watchers are told of the whole operation
_BEGIN, _END = 10, 95


def _item(text: str) -> str:
    return str(item_of(text))


class Pruning(BaseModel):
    """``images`` and ``plan_digest`` as a plan lists them: only what was shown is removed."""

    model_config = ConfigDict(extra="forbid")
    images: list[Annotated[str, Field(max_length=600), AfterValidator(_item)]] = Field(
        min_length=1, max_length=MAX_ITEMS
    )
    plan_digest: str = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _of_one_plan(self) -> Pruning:
        if digest_of(self.images) != self.plan_digest:
            raise ValueError("the digest is of another list: look at the plan again")
        return self


def prune(op: Op, host: HostDriver) -> None:
    """Removes exactly the images of a plan that are still unused, and says what was skipped."""
    items = [item_of(text) for text in op.params.images]
    with op.step("Look", percent=5):
        judge = _Judge(read_images(host), owned_on(op.target, user=EVERYTHING))
    done = _Done(op)
    try:
        with op.step("Remove", percent=_BEGIN):
            for number, item in enumerate(items):
                op.advance(_BEGIN + (_END - _BEGIN) * number // len(items))
                done.note(item, _removed(op, host, number, item, judge))
    finally:
        done.keep()  # also of a prune that was cancelled half-way
    done.conclude()


class _Judge:
    """As the host was when it began. What changes meanwhile, the Engine itself refuses."""

    def __init__(self, seen: Seen, owned: Owned) -> None:
        self._seen, self._owned = seen, owned

    def why_stays(self, item: Item, image: ImageState | None) -> str:
        if image is None:
            return "It is gone already."
        if image.image_id != item.image_id:
            return "The name means another image by now."
        if image.names and not item.name:
            return f"It is called {image.names[0]} by now."
        return why_image_stays(image, self._seen, self._owned)


class _Done:
    def __init__(self, op: Op) -> None:
        self._op = op
        self.removed: list[str] = list(op.recall("removed") or ())
        self.skipped: dict[str, str] = {}
        self._unsaid: list[str] = []

    def note(self, item: Item, why: str) -> None:
        """``why`` it was skipped; empty when it is gone."""
        if why:
            self.skipped[item.shown] = why
        elif str(item) not in self.removed:
            self.removed.append(str(item))
        self._unsaid.append(f"{item.shown}: {f'skipped. {why}' if why else 'removed'}")
        if len(self._unsaid) >= _SAID_TOGETHER:
            self._say()

    def _say(self) -> None:
        if self._unsaid:
            self._op.say("\n".join(self._unsaid))
            self._unsaid.clear()

    def keep(self) -> None:
        self._say()
        shown = [item_of(text).shown for text in self.removed]
        self._op.remember(removed=self.removed, after={"removed": shown, "skipped": self.skipped})

    def conclude(self) -> None:
        told = [f"{name}: {why}" for name, why in list(self.skipped.items())[:_TOLD]]
        more = len(self.skipped) - len(told)
        rest = f" And {more} more." if more else ""
        counts = f"{len(self.removed)} removed, {len(self.skipped)} skipped"
        self._op.conclude(
            f"Images of {self._op.target.name}: {counts}. {' '.join(told)}{rest}".strip(),
            removed=len(self.removed), skipped=self.skipped,
        )  # fmt: skip


def _removed(op: Op, host: HostDriver, number: int, item: Item, judge: _Judge) -> str:
    """Why not, or nothing. As far as a worker before came, what is gone was removed by it."""
    image = image_on(host, item.name or item.image_id)
    begun: int = op.recall("begun") or 0
    if image is None and number < begun:
        return ""
    if why := judge.why_stays(item, image):
        return why
    op.remember(begun=max(begun, number + 1))
    try:
        host.docker.remove_image(item.name or item.image_id, alone=True)
    except DriverError as error:
        if error.code not in ("conflict", "not_found"):
            raise
        return "" if error.code == "not_found" else f"Docker keeps it: {error.message}"
    if item.name:
        newer.forget(op.target, item.name)
    return ""
