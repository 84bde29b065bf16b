"""What is there now, as far as a plan needs to know. Reads the host and changes nothing on it.

The wanted compose file is resolved by the host's own compose, from a folder of its own that is
gone afterwards.
"""

from __future__ import annotations

import hashlib
import posixpath
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from provisioning.drivers import compose, compose_parse, host_files
from provisioning.drivers.compose import Project
from provisioning.drivers.compose_run import answer
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.disks import df_argv, parse_df
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.plans.wanted import COMPOSE, ENV, Wanted
from provisioning.sightings import HASH_LABEL
from provisioning.sightings import project as project_of
from sites.models import Host

MAX_FILE: Final = 1_000_000  # bytes of one file of a site that is read for its diff
MAX_PATHS: Final = 500


@dataclass(frozen=True)
class Found:
    """``model`` is the wanted compose file as the host's compose resolves it, ``hashes`` what it
    would label each service's containers with (nothing, where there are none to compare with).
    ``texts`` has the present content of the files
    that are wanted, where there is one. ``taken`` maps published ports to the containers that
    have them, foreign ones only."""

    folder_exists: bool
    texts: dict[str, bytes]
    containers: tuple[ContainerState, ...]
    others: frozenset[str]  # names of containers of other projects
    networks: frozenset[str]
    volumes: frozenset[str]
    images: dict[str, str]  # name → id, of those that are wanted and there
    model: dict[str, Any]
    hashes: dict[str, str]
    taken: dict[int, str]
    leading_out: tuple[str, ...]  # paths in the site's folder that links lead elsewhere
    disk_free_bytes: int | None

    def fingerprint(self, *, new: bool) -> dict[str, Any]:
        """What must not have moved between a plan and its application.

        The hashes of a new site are left out: its secrets, made later, are part of them.
        """
        return {
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in self.texts.items()},
            "folder": self.folder_exists,
            "containers": sorted(
                (one.name, one.labels.get(HASH_LABEL, ""), one.image_id) for one in self.containers
            ),
            "networks": sorted(self.networks & self._named("networks")),
            "volumes": sorted(self.volumes & self._named("volumes")),
            "hashes": {} if new else self.hashes,
        }

    def _named(self, what: str) -> set[str]:
        return {one["name"] for one in (self.model.get(what) or {}).values() if one.get("name")}


def read_found(host: HostDriver, row: Host, wanted: Wanted, asker: str = "") -> Found:
    """Raises DriverError; ``bad_compose`` with compose's own words when it cannot be resolved.

    ``asker``, a name: the same one has the same folder for its questions, so that a worker that
    takes over also removes what one before it that was killed has left there.
    """
    listed = host.docker.containers()
    mine = [one for one in listed if project_of(one) == wanted.project]
    foreign = [one for one in listed if project_of(one) != wanted.project]
    with staged(host, row, wanted, asker) as staging:
        model = compose_parse.config(answer(host, compose.config(staging), sudo=row.sudo))
        hashes = _hashes(host, row, staging) if mine else dict.fromkeys(services_of(model), "")
    names = {compose_parse.image_of(model, service) for service in services_of(model)}
    folder_exists = host_files.exists(host, wanted.folder, sudo=row.sudo)
    return Found(
        folder_exists=folder_exists,
        texts=_texts(host, row, wanted) if folder_exists else {},
        containers=tuple(mine),
        others=frozenset(one.name for one in foreign),
        networks=frozenset(one.name for one in host.docker.networks()),
        volumes=frozenset(one.name for one in host.docker.volumes()),
        images=_images(host, names),
        model=model,
        hashes=hashes,
        taken={
            port.public: one.name
            for one in foreign
            for port in one.ports
            if port.public is not None
        },
        leading_out=tuple(
            host_files.leading_out(host, wanted.folder, _below(model, wanted.folder), sudo=row.sudo)
        ),
        disk_free_bytes=_free(host, row),
    )


def services_of(model: dict[str, Any]) -> dict[str, Any]:
    return dict(model.get("services") or {})


def _hashes(host: HostDriver, row: Host, staging: Project) -> dict[str, str]:
    return compose_parse.hashes(answer(host, compose.config_hashes(staging), sudo=row.sudo))


def _below(model: Any, folder: str) -> list[str]:
    """Every path of the model in the site's folder: what is mounted, built from, read."""
    found: set[str] = set()
    waiting = [model]
    while waiting:
        match waiting.pop():
            case dict() as one:
                waiting += one.values()
            case list() as one:
                waiting += one
            case str() as text if text.startswith(f"{folder}/"):
                found.add(posixpath.normpath(text))
    return sorted(found)[:MAX_PATHS]


@contextmanager
def staged(host: HostDriver, row: Host, wanted: Wanted, asker: str = "") -> Iterator[Project]:
    """The wanted files in a folder of their own, for questions to compose; gone afterwards."""
    base = f"{row.sites_root}/.siteflow"
    folder = f"{base}/{asker or secrets.token_hex(8)}"
    host_files.make_folder(host, folder, mode=0o700, sudo=row.sudo)
    try:
        texts = wanted.texts()
        for name in (COMPOSE, ENV):
            host_files.write(host, f"{folder}/{name}", texts[name], mode=0o600, sudo=row.sudo)
        yield Project(
            name=wanted.project,
            folder=wanted.folder,
            files=(f"{folder}/{COMPOSE}",),
            env_file=f"{folder}/{ENV}",
        )
    finally:
        host_files.remove_tree(host, folder, below=base, sudo=row.sudo)
        host_files.remove_if_empty(host, base, sudo=row.sudo)


def _texts(host: HostDriver, row: Host, wanted: Wanted) -> dict[str, bytes]:
    found = {}
    for name in wanted.texts():
        path = f"{wanted.folder}/{name}"
        data = host_files.read(host, path, sudo=row.sudo, max_bytes=MAX_FILE)
        if data is not None:
            found[name] = data
    return found


def _images(host: HostDriver, names: set[str]) -> dict[str, str]:
    found = {}
    for name in sorted(names):
        try:
            found[name] = host.docker.image(name).image_id
        except DriverError as error:
            if error.code != "not_found":
                raise
    return found


def _free(host: HostDriver, row: Host) -> int | None:
    disks = parse_df(host.run(df_argv(row.sites_root)).stdout)
    return min((disk.available_bytes for disk in disks), default=None)
