"""The image caddy:2, made of the real Caddy that tests have from a package: nothing is pulled."""

import io
import sys
import tarfile
from pathlib import Path

from tests.lab.engine import Engine
from tests.lab.images import import_archive

CADDY = "caddy:2"
BINARY = Path(sys.executable).with_name("caddy")
FOLDERS = ("usr", "usr/bin", "etc", "etc/caddy", "config", "data", "tmp", "var", "var/log")
PASSWD = b"root:x:0:0:root:/root:/bin/false\n"


def import_caddy(host: Engine, *, directory: Path) -> str:
    """Make the image CADDY on `host`, if it has none; `directory` is for the archive."""
    if CADDY in host.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split():
        return CADDY
    archive = directory / f"caddy-{host.name}.tar"
    with tarfile.open(archive, "w") as tar:
        for folder in FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        passwd = tarfile.TarInfo("etc/passwd")
        passwd.size = len(PASSWD)
        tar.addfile(passwd, io.BytesIO(PASSWD))
        tar.add(BINARY, "usr/bin/caddy", filter=_as_root)
    import_archive(host, archive, CADDY, command='["caddy", "run"]')
    archive.unlink()
    return CADDY


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755
    return entry
