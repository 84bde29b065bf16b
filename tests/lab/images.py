"""Images made on this machine: there is no registry to pull from."""

import io
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.apt import mirror
from tests.lab.cache import cache_folder
from tests.lab.command import run
from tests.lab.engine import Engine

BUSYBOX = "siteflow/busybox:1"
DEBIAN = "siteflow/debian:12"
BUSYBOX_BINARY = Path("/usr/bin/busybox")
BUSYBOX_FOLDERS = ("bin", "etc", "tmp", "var", "var/www", "root", "proc", "sys", "dev", "run")
USERS = b"root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n"
GROUPS = b"root:x:0:\nwww-data:x:33:\n"
# Of a Debian tree, what no container needs.
DEBIAN_LEFT_OUT = (
    *("./dev/*", "./proc/*", "./sys/*", "./usr/share/doc/*", "./usr/share/man/*"),
    *("./var/cache/apt/*", "./var/lib/apt/lists/*"),
)


def import_busybox(host: Engine, *, directory: Path) -> str:
    """Make the image BUSYBOX on `host`; `directory` is for the archive it is made from."""
    archive = directory / f"busybox-{host.name}.tar"
    _write_busybox(archive)
    import_archive(host, archive, BUSYBOX, command='["sh"]')
    archive.unlink()
    return BUSYBOX


def import_debian(host: Engine) -> str:
    """Make the image DEBIAN on `host`. The first time on a machine takes a minute or two."""
    import_tree(host, make_debian("bookworm"), DEBIAN)
    return DEBIAN


def import_tree(host: Engine, archive: Path, tag: str) -> None:
    import_archive(host, archive, tag, command='["bash"]')


def import_archive(host: Engine, archive: Path, tag: str, *, command: str) -> None:
    # The client runs outside the host's file system, where the archive is, and talks to its Engine.
    socket = f"unix://{host.docker_socket_outside}"
    change = [
        "--change",
        f"CMD {command}",
        "--change",
        "ENV PATH=/usr/local/bin:/usr/bin:/bin:/sbin",
    ]
    run(["docker", "-H", socket, "import", *change, str(archive), tag], timeout_s=300)


def _write_busybox(archive: Path) -> None:
    """A tar of one static program under all its names, and the folders a program expects."""
    names = run([str(BUSYBOX_BINARY), "--list"]).stdout.split()
    with tarfile.open(archive, "w") as tar:
        for folder in BUSYBOX_FOLDERS:
            tar.addfile(
                _entry(folder, kind=tarfile.DIRTYPE, mode=0o1777 if folder == "tmp" else 0o755)
            )
        tar.add(BUSYBOX_BINARY, "bin/busybox", filter=_as_root)
        for name in names:
            if name != "busybox":
                tar.addfile(_entry(f"bin/{name}", kind=tarfile.SYMTYPE, target="busybox"))
        for name, content in (("etc/passwd", USERS), ("etc/group", GROUPS)):
            entry = _entry(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def _entry(
    name: str, *, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, target: str = ""
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname = kind, mode, target
    return entry


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def make_debian(release: str) -> Path:
    """A tar of the smallest Debian of this release, made once per machine."""
    archive = cache_folder() / f"debian-{release}.tar"
    if archive.exists():
        return archive
    with TemporaryDirectory(prefix=f"debian-{release}-", dir=archive.parent) as made:
        tree, new = Path(made, "tree"), Path(made, "debian.tar")
        # The release's own script may be newer than this machine's debootstrap.
        script = "/usr/share/debootstrap/scripts/sid"
        run(
            ["debootstrap", "--variant=minbase", release, str(tree), mirror(), script],
            timeout_s=900,
        )
        excluded = [f"--exclude={pattern}" for pattern in DEBIAN_LEFT_OUT]
        tar = ["tar", "-C", str(tree), *excluded, "--numeric-owner", "-cf", str(new), "."]
        run(tar, timeout_s=300)
        new.rename(archive)
    return archive
