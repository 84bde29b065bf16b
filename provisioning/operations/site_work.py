"""What the verbs on sites share: the files, the containers and the address of one site."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from provisioning import inventory
from provisioning.drivers import compose, compose_parse, compose_run, host_files
from provisioning.drivers.compose import Project
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.facts import clock_skew_ms
from provisioning.drivers.host import HostDriver
from provisioning.log_archive.keeping import keep_logs
from provisioning.operations.contract import Op, Undone, VerbError
from provisioning.plans.wanted import COMPOSE, ENV, Wanted, wanted_of
from provisioning.releases.models import Release
from provisioning.sightings import project as project_of
from provisioning.sightings import service as service_of
from sites.models import Site

POLL_S: Final = 0.5
SLOWEST_S: Final = 3.0  # between two looks, at the most
CHECK_S: Final = 3.0  # what a container's own check may take when we ask it
HEALTHY_S: Final = 300  # how long containers get to become healthy
STEADY_S: Final = 3  # how long one without a health check must run to count as well
CRASHES: Final = 3  # so many restarts, and it will not come up by itself
NEEDED_S: Final = 30  # but as long as others came up this short while ago, it may wait for them
LOG_LINES: Final = 30
GRACE_S: Final = 10
TRIES: Final = 6
_MODE: Final = {ENV: 0o640}


@dataclass(frozen=True)
class Work:
    """One site on its host, and the release that is to become its current one."""

    op: Op
    host: HostDriver
    site: Site
    release: Release
    wanted: Wanted

    @classmethod
    def of(cls, op: Op, host: HostDriver, release: Release) -> Work:
        return cls(op, host, release.site, release, wanted_of(release))

    @property
    def sudo(self) -> bool:
        return self.site.host.sudo

    @property
    def name(self) -> str:
        """The same for each worker that takes it over."""
        return f"operation-{self.op.row.pk}"

    @property
    def folder(self) -> str:
        return self.wanted.folder

    @property
    def candidate(self) -> Project:
        """The release's own files: those in the site's folder stay the last good ones."""
        folder = f"{self.folder}/releases/{self.release.number}"
        return Project(
            name=self.wanted.project,
            folder=self.folder,
            files=(f"{folder}/{COMPOSE}",),
            env_file=f"{folder}/{ENV}",
        )

    # -- files -----------------------------------------------------------------------------

    def write_candidate(self) -> None:
        """The release's files beside the present ones; what is built from goes to its place."""
        folder = f"{self.folder}/releases/{self.release.number}"
        paths = {
            f"{folder if name in (COMPOSE, ENV) else self.folder}/{name}": data
            for name, data in self.wanted.texts().items()
        }
        parents = {path.rpartition("/")[0] for path in paths}
        for name in sorted({f"{self.folder}/data", f"{self.folder}/logs", folder} | parents):
            host_files.make_folder(self.host, name, mode=0o755, sudo=self.sudo)
        for path, data in paths.items():
            self._write(path, data)

    def put_in_place(self) -> None:
        """From now on `docker compose up` in the site's folder means this release."""
        texts = self.wanted.texts()
        for name in (COMPOSE, ENV):
            self._write(f"{self.folder}/{name}", texts[name])

    def remove_tenant_if_empty(self) -> None:
        """The folder that holds the sites of a tenant, after the last of them."""
        folder = self.folder.rpartition("/")[0]
        if folder != self.site.host.sites_root:
            host_files.remove_if_empty(self.host, folder, sudo=self.sudo)

    def _write(self, path: str, data: bytes) -> None:
        mode = _MODE.get(path.rpartition("/")[2], 0o644)
        host_files.write(self.host, path, data, mode=mode, sudo=self.sudo)

    # -- containers ------------------------------------------------------------------------

    def compose(self, argv: tuple[str, ...], *, timeout_s: float = 900) -> None:
        compose_run.run(self.host, argv, sudo=self.sudo, timeout_s=timeout_s, say=self.op.say)

    def containers(self) -> list[ContainerState]:
        listed = self.host.docker.containers()
        return [one for one in listed if project_of(one) == self.wanted.project]

    def get_images(self, model: dict[str, Any]) -> None:
        """Builds what has a build section, pulls what is not there.

        A release that ran once gets the images it ran with, as far as the host still has them.
        """
        built = [name for name, one in model["services"].items() if one.get("build")]
        self._note_names(compose_parse.image_of(model, service) for service in built)
        named = {name: str(one.get("image", "")) for name, one in model["services"].items()}
        self._pull({name: image for name, image in named.items()
                    if name not in built and not self._image(image)})  # fmt: skip
        if missing := [service for service in built if not self._named_again(model, service)]:
            self.compose(compose.build(self.candidate, services=missing), timeout_s=1800)

    def _pull(self, images: dict[str, str]) -> None:
        """``images`` by service. A registry's own words need not name what was asked of it."""
        if not images:
            return
        self.op.say(f"Pulling {', '.join(sorted(set(images.values())))}")
        try:
            self.compose(compose.pull(self.candidate, services=list(images)), timeout_s=1800)
        except DriverError as error:
            names = ", ".join(sorted(set(images.values())))
            raise DriverError(f"{names}: {error.message}", error.code) from error

    def _note_names(self, names: Iterable[str]) -> None:
        """Which image each name stands for, before a build gives it to another."""
        if self.op.recall("names") is None:
            self.op.remember(names={name: found for name in names if (found := self._image(name))})

    def give_names_back(self) -> None:
        """After a failed release its images' names mean again what they meant before it."""
        for name, image_id in (self.op.recall("names") or {}).items():
            with _gone_is_fine():
                self.host.docker.tag_image(image_id, name)

    def _named_again(self, model: dict[str, Any], service: str) -> bool:
        ran_with = self.wanted.images.get(service)
        if not ran_with or not self._image(ran_with):
            return False
        self.host.docker.tag_image(ran_with, compose_parse.image_of(model, service))
        return True

    def _image(self, name: str) -> str | None:
        """Its id, if the host has it."""
        try:
            return self.host.docker.image(name).image_id
        except DriverError as error:
            if error.code != "not_found":
                raise
            return None

    def wait_healthy(self, docker_ids: Iterable[str] | None = None) -> None:
        """Until each is healthy, or runs steadily without a check. Raises VerbError with its log.

        None: all containers of the project. A job that ended well is as good as healthy.
        """
        wanted = set(docker_ids) if docker_ids is not None else None
        ahead, began = self._clock_ahead(), time.monotonic()
        passed: set[str] = set()
        while True:
            states, now = self._states(wanted), timezone.now() + ahead
            waiting = [one for one in states if not is_well(one, now=now)]
            for one in waiting:
                if is_lost(one, beside=states, now=now):
                    raise self.unwell(one)
            passed |= {one.docker_id for one in waiting if self._passes(one)}
            if not [one for one in waiting if one.docker_id not in passed]:
                return self.note(states)
            waited_s = time.monotonic() - began
            if waited_s > HEALTHY_S:
                raise self.unwell(waiting[0])
            # What takes long is asked less and less often.
            pause_s = min(max(POLL_S, waited_s / 10), SLOWEST_S)
            time.sleep(pause_s)  # Docker offers no wait for health

    def _passes(self, one: ContainerState) -> bool:
        """Its own check, asked before the Engine does; what cannot be asked is left to that."""
        if one.state != "running" or one.health != "starting":
            return False
        with suppress(DriverError):
            return self.host.docker.passes_check(one.docker_id, within_s=CHECK_S)
        return False

    def still_healthy(self, docker_ids: Iterable[str] | None = None) -> None:
        """A last look before there is no way back. Raises VerbError as above."""
        wanted = set(docker_ids) if docker_ids is not None else None
        now = timezone.now() + self._clock_ahead()
        for one in self._states(wanted):
            if not is_well(one, now=now) and not self._passes(one):
                raise self.unwell(one)

    def _clock_ahead(self) -> timedelta:
        """Of the host: by its clock are the times at which its containers were started."""
        return timedelta(milliseconds=clock_skew_ms(self.host) or 0)

    def _states(self, wanted: set[str] | None) -> list[ContainerState]:
        return [
            self.host.docker.container(one.docker_id)
            for one in self.containers()
            if wanted is None or one.docker_id in wanted
        ]

    def note(self, states: Iterable[ContainerState]) -> None:
        at = timezone.now()
        for one in states:
            inventory.apply_one(self.site.host, one, at=at)

    def unwell(self, one: ContainerState) -> VerbError:
        """The error with the container's last words, which also go into the output."""
        lines: list[str] = []
        with suppress(DriverError):  # its state is the news; the log is only an addition
            lines = self.host.docker.logs(one.docker_id, tail=LOG_LINES)
        for line in lines:
            self.op.say(f"{one.name}: {line}", stream="stderr")
        code = "" if one.exit_code is None or one.state == "running" else f", code {one.exit_code}"
        code += f", after {one.restart_count} restarts" if one.restart_count else ""
        last = f" Its last words: {lines[-1][:300]}" if lines else ""
        message = f"{one.name} is {one.health or one.state}{code}.{last}"
        return VerbError(message, code="unhealthy")

    def keep_logs(
        self, docker_ids: Iterable[str], *, services: Iterable[str] | None = None
    ) -> None:
        """The ends of the logs of these, before they go; None of the services: of all."""
        wanted, only = set(docker_ids), None if services is None else set(services)
        current = self.site.releases.filter(status=Release.Status.CURRENT).first()
        keep_logs(
            self.op, self.host, self.site.host, self.site,
            [(one.docker_id, one.name) for one in self.containers()
             if one.docker_id in wanted and (only is None or service_of(one) in only)],
            release=(current or self.release).number,
        )  # fmt: skip

    def remove_containers(self, docker_ids: Iterable[str], *, grace_s: int = GRACE_S) -> None:
        """Stops and removes these; one that is gone already is what was wanted."""
        for docker_id in docker_ids:
            with _gone_is_fine():
                self.host.docker.stop(docker_id, grace_s=grace_s)
            with _gone_is_fine():
                self.host.docker.remove(docker_id, force=True)
            inventory.forget_docker_id(self.site.host, docker_id)

    def remove_networks(self, names: Iterable[str]) -> None:
        for name in names:
            with _gone_is_fine("conflict"):  # in use by others: theirs
                self.host.docker.remove_network(name)

    def remove_volumes(self, names: Iterable[str]) -> None:
        for name in names:
            with _gone_is_fine():
                self.host.docker.remove_volume(name)


class _gone_is_fine(suppress):  # noqa: N801  (reads like suppress, which it narrows)
    def __init__(self, *codes: str) -> None:
        super().__init__(DriverError)
        self._codes = {"not_found", *codes}

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, DriverError) and error.code in self._codes


def is_well(one: ContainerState, *, now: datetime) -> bool:
    """``now`` is by the clock of its host, here and below."""
    if one.health:
        return one.state == "running" and one.health == "healthy"
    if one.state == "exited":
        return one.exit_code == 0
    steady = one.started_at is not None and _age_s(one.started_at, now) > STEADY_S
    return one.state == "running" and steady


def is_lost(one: ContainerState, *, beside: Iterable[ContainerState], now: datetime) -> bool:
    """It will not become well by itself. ``beside``: what it may need, and that may be coming up.

    Without a health check one that crashes and is restarted again and again is never unhealthy.
    """
    if one.health == "unhealthy" or one.state == "dead":
        return True
    if one.state == "exited":
        return one.exit_code != 0
    return _crashes(one) and not any(_is_new(other, now) for other in beside if not _crashes(other))


def _crashes(one: ContainerState) -> bool:
    return one.restart_count >= CRASHES


def _is_new(one: ContainerState, now: datetime) -> bool:
    return one.started_at is None or _age_s(one.started_at, now) < NEEDED_S


def _age_s(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()


def carry_out(
    op: Op,
    forward: Callable[[], None],
    undo: Callable[[], None],
    *,
    is_done: Callable[[], bool],
    undone: str,
) -> None:
    """Goes forward; on any failure before ``is_done`` takes back what was made, and says so.

    Writing to the journal comes first: it fails where another worker has taken over, and then it
    is not for us to undo. Once undoing has begun, no worker goes forward again.
    """
    try:
        if why := op.recall("undoing"):
            raise VerbError(why, code=op.recall("undoing_code") or "interrupted")
        forward()
    except (Exception, SystemExit) as error:
        if is_done():
            raise
        words = getattr(error, "message", "") or "It was ended before it was done."
        op.remember(undoing=words, undoing_code=getattr(error, "code", "interrupted"))
        if op.recall("begun"):
            persist(op, undo)
        if isinstance(error, DriverError | VerbError):
            raise Undone(error, undone) from None
        raise


def persist(op: Op, rest: Callable[[], None]) -> None:
    """A host that does not answer is asked again: half of it would be worse than the wait."""
    for attempt in range(1, TRIES + 1):
        try:
            return rest()
        except DriverError as error:
            op.say(f"Not done yet: {error.message}", stream="stderr")
            if attempt == TRIES:
                raise
            time.sleep(2**attempt / 4)  # the connection may be down; each try makes a new one
