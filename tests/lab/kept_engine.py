"""An Engine that begins with what the last one built: its images, and its cache of builds."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.cache import cache_folder
from tests.lab.command import LabError, run
from tests.lab.host import Host

DATA = "/var/lib/docker"


@contextmanager
def kept_engine(host: Host, *, key: str) -> Iterator[None]:
    """Until the end, the host's Engine has the data that is kept under `key`, and no container.

    The data is taken out of the cache meanwhile: a run that is killed takes it along and can
    spoil nothing, and a second run at the same time builds its own. Other keys' data is removed.
    """
    kept = cache_folder() / f"engine-{key}"
    for old in cache_folder().glob("engine-*"):
        if old != kept:
            shutil.rmtree(old)
    data = host.tree / f"root{DATA}"  # not by way of the host's own mounts: it is to be renamed
    aside = data.with_name("docker.aside")
    host.stop_dockerd()
    data.rename(aside)
    try:
        _begin(host, kept, data)
        try:
            yield
        finally:
            _empty(host)
            host.stop_dockerd()
            _move(data, kept)
    finally:
        host.stop_dockerd()
        shutil.rmtree(data, ignore_errors=True)
        aside.rename(data)
        host.start_dockerd()


def _begin(host: Host, kept: Path, data: Path) -> None:
    if kept.exists():
        _move(kept, data)
    try:
        host.start_dockerd()
    except LabError:  # written by another version, or half gone: made anew
        host.stop_dockerd()
        shutil.rmtree(data)
        host.start_dockerd()
    _empty(host)


def _empty(host: Host) -> None:
    """Images and the cache stay."""
    if names := host.docker("ps", "--all", "--quiet").split():
        host.docker("rm", "--force", "--volumes", *names)
    if names := host.docker("volume", "ls", "--quiet").split():
        host.docker("volume", "rm", *names)
    if names := host.docker("network", "ls", "--filter", "type=custom", "--quiet").split():
        host.docker("network", "rm", *names)


def _move(old: Path, new: Path) -> None:
    # Within a file system this is a rename; to another one, devices and attributes go along.
    shutil.rmtree(new, ignore_errors=True)
    run(["mv", "--no-target-directory", str(old), str(new)], timeout_s=600)
