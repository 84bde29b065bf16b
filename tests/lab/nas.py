"""What the lab's NAS has on its disk: backups of two sites, small but real archives."""

import io
import tarfile
from pathlib import Path

from tests.lab.machine import Machine

BACKUP_PATH = "/volume1/backups"
BACKUPS = {
    "shop": ("2026-01-03", "2026-01-04", "2026-01-05"),
    "blog": ("2026-01-05",),
}


def write_backups(nas: Machine, *, owner_uid: int) -> None:
    """Lay BACKUPS below BACKUP_PATH as <site>/<date>.tar.gz, owned by the account that logs in."""
    top = nas.path(BACKUP_PATH)
    for site, dates in BACKUPS.items():
        (top / site).mkdir(parents=True)
        for date in dates:
            _write_archive(top / site / f"{date}.tar.gz", f"{site} as of {date}\n".encode())
    nas.run("chown", "-R", f"{owner_uid}:{owner_uid}", BACKUP_PATH)


def _write_archive(path: Path, content: bytes) -> None:
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("index.html")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
