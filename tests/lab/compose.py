"""Docker Compose v2, which Debian has only after release 12, as a layer of the hosts' /usr."""

from pathlib import Path

from tests.lab.apt import unpack_package
from tests.lab.cache import cache_folder

PACKAGE, RELEASE = "docker-compose", "trixie"


def compose_layer() -> Path:
    """The folder to lay over /usr. The first time on a machine it is downloaded (about 20 MB)."""
    folder = cache_folder() / f"{PACKAGE}-{RELEASE}"
    if not folder.exists():
        unpack_package(PACKAGE, release=RELEASE, folder=folder)
    return folder / "usr"
