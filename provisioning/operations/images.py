"""Verbs on the images of a host. What a container or a release uses is never taken away."""

from __future__ import annotations

import time
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.image_names import IMAGE_ID, full_name, is_image_name
from provisioning.drivers.pull_progress import Pulling
from provisioning.drivers.things import ImageState
from provisioning.operations.contract import Op, VerbError
from provisioning.things import newer
from provisioning.things.asking import image_on, read_images
from provisioning.things.judging import why_name_stays
from provisioning.things.owning import owned_on
from sites.models import Host
from sites.rows import EVERYTHING

_MAX_SAID: Final = 2000  # lines about layers
_EVERY_S: Final = 1.0  # how often the percent is written
_BEGIN, _END = 10, 95
_MAX_CHECKED: Final = 200  # names that one check asks registries for


def _named(text: str) -> str:
    if not is_image_name(text):
        raise ValueError("this is no name of an image, such as nginx:1.27")
    return text


def _named_or_all(text: str) -> str:
    return _named(text) if text else text


def _pullable(text: str) -> str:
    if IMAGE_ID.fullmatch(_named(text)):
        raise ValueError("an id says nothing to a registry: give a name, such as nginx:1.27")
    return text


def _taggable(text: str) -> str:
    if "@" in _pullable(text):
        raise ValueError("a name with a digest cannot be given")
    return text


_Name = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_named)]


class Pull(BaseModel):
    """With tag or digest; without any, latest is meant."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_pullable)]


class NewName(BaseModel):
    """``name`` may be an id."""

    model_config = ConfigDict(extra="forbid")
    name: _Name
    new_name: Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_taggable)]


class OldName(BaseModel):
    """A name of an image, or the id of one that has at most one."""

    model_config = ConfigDict(extra="forbid")
    name: _Name


class Check(BaseModel):
    """Without a name, all that the host's images have."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(max_length=512), AfterValidator(_named_or_all)] = ""


# -- pull -------------------------------------------------------------------------------------


def pull(op: Op, host: HostDriver) -> None:
    """Pulls an image from its registry, layer by layer. Twice is once."""
    name = op.params.name
    with op.step("Look", percent=5):
        if op.recall("before") is None:
            had = image_on(host, name)
            op.remember(before={"image": had.image_id if had else ""})
    with op.step("Pull", percent=_BEGIN):
        pulled = host.docker.pull_image(name, on_progress=Layers(op, begin=_BEGIN, end=_END))
    with op.step("Check", percent=_END):
        image = host.docker.image(name)
        if pulled.digest:
            newer.keep(op.target, full_name(name), digest=pulled.digest)
        op.remember(after={"image": image.image_id, "digest": pulled.digest})
    is_new = op.recall("before")["image"] != image.image_id
    words = "was pulled" if is_new else "was up to date already"
    op.conclude(f"{full_name(name)} {words} on {op.target.name}.", image=image.image_id)


class Layers:
    """Writes each change of a layer to the output, and once a second how far all of it is,
    between the percents ``begin`` and ``end``."""

    def __init__(self, op: Op, *, begin: int, end: int) -> None:
        self._op, self._begin, self._end = op, begin, end
        self._said = 0
        self._written_at = time.monotonic()

    def __call__(self, now: Pulling) -> None:
        lines = [f"{one.name}: {one.status}" for one in now.changed][: _MAX_SAID - self._said]
        if lines:
            self._said += len(lines)
            self._op.say("\n".join(lines))
        if time.monotonic() - self._written_at >= _EVERY_S:
            self._written_at = time.monotonic()
            self._op.advance(self._begin + now.percent * (self._end - self._begin) // 100)


# -- names ------------------------------------------------------------------------------------


def tag(op: Op, host: HostDriver) -> None:
    """Gives an image one more name. One that another image has is never taken from it."""
    name, new_name = op.params.name, full_name(op.params.new_name)
    with op.step("Look", percent=20):
        image = _there(host, name, op.target)
        has_it = image_on(host, new_name)
        if has_it is not None and has_it.image_id != image.image_id:
            words = f"{new_name} is the name of another image on {op.target.name}: remove it there."
            raise VerbError(words, code="name_taken", field="new_name")
        op.remember(before={"image": image.image_id, "names": list(image.names)})
    with op.step("Tag", percent=50):
        host.docker.tag_image(image.image_id, new_name)
    with op.step("Check", percent=90):
        after = _there(host, new_name, op.target)
        op.remember(after={"image": after.image_id, "names": list(after.names)})
    op.conclude(f"{full_name(name)} on {op.target.name} is also called {new_name}.")


def remove(op: Op, host: HostDriver) -> None:
    """Takes a name away from an image, and with its last one the image itself.

    Never one that a container, also a stopped one, or a release that could be rolled back to, uses.
    """
    name = op.params.name
    with op.step("Look", percent=20):
        image = _removable(op, host, name)
    with op.step("Remove", percent=50):
        if image is not None:
            op.remember(begun=True)
            _take_away(host, name)
    with op.step("Check", percent=90):
        if image_on(host, name) is not None:
            raise VerbError(f"{name} is still there.", code="not_as_wanted")
        left = image_on(host, op.recall("before")["image"])
        newer.forget(op.target, full_name(name))
        op.remember(after={"names": list(left.names) if left else []})
    rest = f"; the image is still called {', '.join(left.names)}" if left and left.names else ""
    op.conclude(f"{name} was removed from {op.target.name}{rest}.")


def _removable(op: Op, host: HostDriver, name: str) -> ImageState | None:
    """None where a worker that died here had it removed already."""
    image = image_on(host, name)
    if image is None and op.recall("begun"):
        return None
    if image is None:
        raise VerbError(f"There is no image {name} on {op.target.name}.", code="not_found")
    before = op.recall("before")
    if before and before["image"] != image.image_id:
        raise VerbError(f"{name} is another image by now.", code="changed")
    why = why_name_stays(name, image, read_images(host), owned_on(op.target, user=EVERYTHING))
    if why:
        raise VerbError(f"{name} stays on {op.target.name}. {why}", code="in_use")
    op.remember(before={"image": image.image_id, "names": list(image.names)})
    return image


def _take_away(host: HostDriver, name: str) -> None:
    try:
        host.docker.remove_image(name, alone=True)
    except DriverError as error:
        if error.code != "not_found":
            raise


# -- what registries have ---------------------------------------------------------------------


def check(op: Op, host: HostDriver) -> None:
    """Asks registries, through the host, whether they have newer images. Nothing is pulled."""
    with op.step("Names", percent=5):
        names = [full_name(op.params.name)] if op.params.name else _names(host)
    found: dict[str, int] = {"newer": 0, "current": 0, "unknown": 0}
    with op.step("Registries", percent=10):
        for number, name in enumerate(names[:_MAX_CHECKED]):
            op.advance(10 + 85 * number // len(names))
            found[_asked(op, host, name)] += 1
    told = f"{found['newer']} newer, {found['current']} up to date, {found['unknown']} unknown"
    more = f"; {len(names) - _MAX_CHECKED} were not asked for" if len(names) > _MAX_CHECKED else ""
    op.conclude(f"Images on {op.target.name}: {told}{more}.", **found)


def _names(host: HostDriver) -> list[str]:
    """Those that images were pulled by; what was made on the host is in no registry."""
    return sorted({name for one in host.docker.images() if one.digests for name in one.names})


def _asked(op: Op, host: HostDriver, name: str) -> str:
    """What is now known of it. A registry that cannot be asked leaves it unknown."""
    image = _there(host, name, op.target)
    try:
        newer.keep(op.target, name, digest=host.docker.registry_digest(name))
    except DriverError as error:
        if error.code in ("link_lost", "unreachable", "docker_down"):
            raise  # it is the host that cannot be asked
        newer.keep(op.target, name, error=error.message)
    state = newer.now_of(op.target, name, image)
    op.say(f"{name}: {state.state}{f' ({state.why})' if state.why else ''}")
    return state.state


def _there(host: HostDriver, name: str, row: Host) -> ImageState:
    image = image_on(host, name)
    if image is None:
        raise VerbError(f"There is no image {name} on {row.name}.", code="not_found", field="name")
    return image
