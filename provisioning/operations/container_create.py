"""A new container on a host: made and started, or nothing of it is left."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.utils import timezone

from provisioning import inventory
from provisioning.drivers import compose_run, host_files
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.new_container.asked import NewContainer
from provisioning.new_container.engine_config import MADE_BY, config
from provisioning.new_container.judging import MODES, folder_of, refuse
from provisioning.new_container.world import (
    World,
    image_id,
    networks_of,
    read,
    to_make,
    verdict,
)
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.site_work import carry_out
from sites.models import Container, Host

LOG_LINES = 30
PULL_S = 1800
STEADY_S = 1.0


def create(op: Op, host: HostDriver) -> None:
    """Makes a container and starts it; a failure takes back what was made."""
    row: Host = op.target
    asked: NewContainer = op.params
    if op.recall("mark") is None:
        # Of this run alone: another SiteFlow may count operations on the same host.
        op.remember(mark=uuid.uuid4().hex)
    carry_out(
        op,
        lambda: _forward(op, host, row, asked),
        lambda: _undo(op, host, row, asked),
        is_done=lambda: bool(op.recall("done")),
        undone=f"What was made on {row.name} was taken back.",
    )
    made = Container.objects.filter(host=row, name=asked.name).first()
    state = "runs" if asked.start else "is there and was not started"
    op.conclude(f"{asked.name} {state} on {row.name}.", container=made.pk if made else None)


def _forward(op: Op, host: HostDriver, row: Host, asked: NewContainer) -> None:
    mark: str = op.recall("mark")
    with op.step("Look", percent=10):
        world = read(row, host, asked)
        refuse(verdict(row, asked, world, mark=mark))
        _note(op, asked, world)
    with op.step("Image", percent=20):
        if world.image_id is None:
            _pull(op, host, row, asked)
    with op.step("Volumes and networks", percent=50):
        _make_things(op, host, row)
    with op.step("Create", percent=60):
        docker_id = _made(op, host, asked, world.made_by(mark))
    with op.step("Start", percent=80):
        if asked.start:
            host.docker.start(docker_id)
    with op.step("Check", percent=90):
        at = timezone.now()
        now = _steady(host, docker_id) if asked.start else host.docker.container(docker_id)
        if asked.start:
            _runs(op, host, now)
        inventory.apply_one(row, now, at=at)
        op.remember(done=True, after={"container": asked.name, "state": now.state})


def _note(op: Op, asked: NewContainer, world: World) -> None:
    """What is not there before is ours to undo. Noted once: later some of it is of our making."""
    if op.recall("begun"):
        return
    volumes, networks = to_make(asked, world)
    op.remember(
        begun=True,
        volumes=volumes,
        networks=networks,
        folders=world.absent,
        before={"container": None},
    )


def _pull(op: Op, host: HostDriver, row: Host, asked: NewContainer) -> None:
    op.say(f"Pulling {asked.image}")
    argv = ("docker", "pull", "--quiet", "--", asked.image)
    compose_run.run(host, argv, sudo=row.sudo, timeout_s=PULL_S, say=op.say)
    if image_id(host, asked.image) is None:
        raise VerbError(f"{asked.image} was pulled and is not there.", code="image_missing")


def _make_things(op: Op, host: HostDriver, row: Host) -> None:
    labels = {MADE_BY: op.recall("mark")}
    for path in op.recall("folders"):
        host_files.make_folder(host, path, mode=0o755, sudo=row.sudo)
    for name in op.recall("volumes"):
        host.docker.create_volume(name, labels=labels)
    there = {one.name for one in host.docker.networks()}
    for name in op.recall("networks"):
        if name not in there:
            host.docker.create_network(name, labels=labels)


def _made(op: Op, host: HostDriver, asked: NewContainer, found: ContainerState | None) -> str:
    """Its id; the worker before this one may have made it."""
    networks = networks_of(asked)
    if found is None:
        body = config(asked, networks=networks, mark=op.recall("mark"))
        docker_id, joined = host.docker.create_container(asked.name, body), networks[:1]
    else:
        docker_id, joined = found.docker_id, list(host.docker.container(found.docker_id).networks)
    for name in networks[1:]:
        if name not in joined and name not in MODES:
            host.docker.connect_network(name, docker_id)
    return docker_id


def _steady(host: HostDriver, docker_id: str) -> ContainerState:
    """As it is after a moment, or as soon as it has ended: what is wrong mostly shows at once."""
    deadline = time.monotonic() + STEADY_S
    while True:
        now = host.docker.container(docker_id)
        if now.state != "running" or time.monotonic() > deadline:
            return now
        time.sleep(0.2)  # Docker offers no wait for a container that goes on running


def _runs(op: Op, host: HostDriver, now: ContainerState) -> None:
    """One that ended well has done its work; one that ended badly at once is of no use."""
    if now.state == "running" or (now.state == "exited" and now.exit_code == 0):
        return
    lines: list[str] = []
    with suppress(DriverError):  # its state is the news; the log is only an addition
        lines = host.docker.logs(now.docker_id, tail=LOG_LINES)
    for line in lines:
        op.say(line, stream="stderr")
    code = "" if now.exit_code is None else f" with code {now.exit_code}"
    raise VerbError(f"{now.name} was started and is {now.state}{code}.", code="not_as_wanted")


def _undo(op: Op, host: HostDriver, row: Host, asked: NewContainer) -> None:
    """Only what this operation made, by its mark."""
    with op.step("Take back", percent=op.row.percent, goes_on=True):
        mark: str = op.recall("mark")
        for one in host.docker.containers():
            if one.labels.get(MADE_BY) == mark:
                _remove(host, row, asked, one)
        for volume in host.docker.volumes():
            if volume.labels.get(MADE_BY) == mark:
                with _in_use_stays():
                    host.docker.remove_volume(volume.name)
        for network in host.docker.networks():
            if network.labels.get(MADE_BY) == mark:
                with _in_use_stays():
                    host.docker.remove_network(network.name)
        for path in reversed(op.recall("folders") or []):
            _remove_folders(host, row, asked, path)


def _remove(host: HostDriver, row: Host, asked: NewContainer, one: ContainerState) -> None:
    """With the volumes without a name that its image asked for: they are of no use to anybody."""
    named = {mount.source for mount in asked.volumes}
    unnamed = set(host.docker.container(one.docker_id).volumes) - named
    host.docker.remove(one.docker_id, force=True)
    for name in unnamed:
        with _in_use_stays():
            host.docker.remove_volume(name)
    inventory.forget_docker_id(row, one.docker_id)


@contextmanager
def _in_use_stays() -> Iterator[None]:
    """Somebody else has taken it up meanwhile, or it is gone already."""
    try:
        yield
    except DriverError as error:
        if error.code not in ("conflict", "not_found"):
            raise


def _remove_folders(host: HostDriver, row: Host, asked: NewContainer, path: str) -> None:
    """It and those above it that are empty, up to the one of all containers."""
    top = folder_of(row, asked.name).rpartition("/")[0]
    while path.startswith(f"{top}/"):
        host_files.remove_if_empty(host, path, sudo=row.sudo)
        path = path.rpartition("/")[0]
    host_files.remove_if_empty(host, top, sudo=row.sudo)
