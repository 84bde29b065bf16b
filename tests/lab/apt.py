"""What the lab takes from Debian. The machine's own apt set-up is read, and never changed."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

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

    apt checks the archive's signature and the package's hash; nothing is installed. Two at a time
    do not disturb each other.
    """
    with TemporaryDirectory(prefix=f"{name}-", dir=folder.parent) as made:
        work = Path(made)
        options = apart(work, release=release)
        run(["apt-get", *options, "update"], timeout_s=300)
        download = ["apt-get", *options, "download", name]
        run(["env", f"--chdir={work}", *download], timeout_s=300)
        run(["dpkg", "-x", *map(str, work.glob("*.deb")), str(work / "unpacked")])
        try:
            (work / "unpacked").rename(folder)
        except OSError:
            if not folder.exists():  # else another lab was first
                raise


def apart(work: Path, *, release: str) -> list[str]:
    """apt's options for lists, cache and sources of its own, in the folder `work`."""
    for part in ("lists/partial", "archives/partial"):
        (work / part).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {release} main\n")
    settings = (
        f"Dir::Etc::sourcelist={sources}",
        "Dir::Etc::sourceparts=-",
        f"Dir::State::lists={work}/lists",
        f"Dir::Cache={work}",
        "Acquire::Languages=none",
        "APT::Sandbox::User=root",
    )
    return [f"--option={setting}" for setting in settings]
