"""What the lab takes from Debian. The machine's own apt set-up is read, and never changed."""

import re
from pathlib import Path

from tests.lab.command import LabError, run

SOURCES = Path("/etc/apt")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirror() -> str:
    """The address of the Debian archive that this machine's apt uses."""
    files = [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in (".list", ".sources") and file.is_file():
            for address in re.findall(r"^(?:URIs:|deb)\s.*?(https?://\S+)", file.read_text(), re.M):
                if re.search(r"/debian/?$", address):
                    return str(address).rstrip("/")
    raise LabError(f"no Debian archive in {SOURCES}/sources.list or {SOURCES}/sources.list.d")


def unpack_package(name: str, *, release: str, folder: Path) -> None:
    """Download the package `name` of another Debian `release` and unpack it into `folder`.

    apt checks the archive's signature and the package's hash; nothing is installed.
    """
    work = folder.with_suffix(".apt")
    run(["rm", "-rf", str(work), str(folder)])
    for part in ("lists/partial", "archives/partial"):
        (work / part).mkdir(parents=True)
    (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {release} main\n")
    options = [
        *("-o", f"Dir::Etc::sourcelist={work}/sources.list", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={work}/lists", "-o", f"Dir::Cache={work}"),
        *("-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root"),
    ]
    run(["apt-get", *options, "update"], timeout_s=300)
    fetch = ["apt-get", *options, "download", name]
    run(["sh", "-ec", 'cd "$1"; shift; exec "$@"', "sh", str(work), *fetch], timeout_s=300)
    run(["dpkg", "-x", *map(str, work.glob("*.deb")), str(work / "unpacked")])
    (work / "unpacked").rename(folder)
    run(["rm", "-rf", str(work)])
