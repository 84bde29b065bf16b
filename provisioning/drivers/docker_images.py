"""Getting images from registries: the part of `Dockerd` that an Engine needs a network for.

The Engine asks the registry, not SiteFlow: what its host cannot reach, it does not get. Registries
that want a login are refused with words; credentials would be a header of the request, never an
argument.
"""

from __future__ import annotations

import time
from typing import Final

from provisioning.drivers import parse_things
from provisioning.drivers.docker_errors import translated
from provisioning.drivers.docker_things import DockerThings
from provisioning.drivers.errors import DriverError
from provisioning.drivers.image_names import split_reference
from provisioning.drivers.pull_progress import (
    PULL_S,
    OnProgress,
    Pulled,
    Pulling,
    PullProgress,
    meaning,
)
from provisioning.drivers.raw_http import RawStream

_TICK_S: Final = 1.0  # how often a silent pull is told of as well, so that it can be ended
_ASK_AFTER_S: Final = 60.0  # of silence
_CHUNK: Final = 64 * 1024


class DockerImages(DockerThings):
    """``name`` is an image's name with or without tag or digest; without any it means latest."""

    def pull_image(
        self, name: str, *, on_progress: OnProgress | None = None, timeout_s: float = PULL_S
    ) -> Pulled:
        """Has the Engine pull it; ``on_progress`` is called about once a second and more.

        What ``on_progress`` raises ends the pull: the Engine stops when nobody listens, and layers
        that it has stay. Raises DriverError: image_missing, registry_down, registry_denied,
        disk_full and whatever a host may.
        """
        checked = self._checked_image(name)
        repository, tag = split_reference(checked)
        query = {"fromImage": repository, "tag": tag}
        try:
            stream = self._raw(f"pulling {checked}", "POST", "/images/create", query=query)
        except DriverError as error:
            if error.code not in ("docker_error", "not_found"):
                raise
            raise DriverError(error.message, meaning(error.message, otherwise=error.code)) from None
        try:
            return self._pulled(stream, checked, on_progress or _nobody, timeout_s)
        finally:
            stream.close()

    def registry_digest(self, name: str) -> str:
        """What this name means in its registry now, which the Engine asks."""
        checked = self._checked_image(name)
        what = f"asking the registry for {checked}"
        try:
            with translated(self._who, what):
                api = self._api()
                url = api._url("/distribution/{0}/json", checked)
                answer = api._result(api.get(url, timeout=api.timeout), True)
                return parse_things.registry_digest(answer)
        except DriverError as error:
            if error.code not in ("docker_error", "not_found"):
                raise
            raise DriverError(error.message, meaning(error.message, otherwise=error.code)) from None

    def _pulled(
        self, stream: RawStream, name: str, on_progress: OnProgress, timeout_s: float
    ) -> Pulled:
        progress, ends_at = PullProgress(), time.monotonic() + timeout_s
        heard_at = time.monotonic()
        while time.monotonic() < ends_at:
            try:
                data = stream.recv(_CHUNK, timeout_s=_TICK_S)
            except TimeoutError:
                on_progress(self._fed(progress, name, b""))
                if time.monotonic() - heard_at > _ASK_AFTER_S:
                    self._still_there(stream, name)
                    heard_at = time.monotonic()
                continue
            heard_at = time.monotonic()
            if not data:
                return self._ended(progress, name)
            on_progress(self._fed(progress, name, data))
        words = f"{self._who}: pulling {name} took longer than {timeout_s:.0f} s"
        raise DriverError(words, "timeout")

    def _fed(self, progress: PullProgress, name: str, data: bytes) -> Pulling:
        with translated(self._who, f"pulling {name}"):
            now = progress.feed(data)
        self._failed(progress, name)
        return now

    def _ended(self, progress: PullProgress, name: str) -> Pulled:
        with translated(self._who, f"pulling {name}"):
            pulled = progress.end()
        self._failed(progress, name)
        if pulled is None:
            words = f"{self._who}: pulling {name} broke off in the middle"
            raise DriverError(words, "link_lost")
        return pulled

    def _failed(self, progress: PullProgress, name: str) -> None:
        if words := progress.error:
            code = meaning(words, otherwise="docker_error")
            raise DriverError(f"{self._who}: pulling {name} failed: {words}", code)

    def _still_there(self, stream: RawStream, name: str) -> None:
        if not stream.answers():
            words = f"{self._who}: pulling {name}: the host does not answer any more"
            raise DriverError(words, "link_lost")


def _nobody(_: Pulling) -> None:
    """Who does not want to know."""
