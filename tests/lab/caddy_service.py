"""Caddy as a program of a lab host, as the service `caddy-api` of its own package runs it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.caddy import BINARY
from tests.lab.command import wait_until
from tests.lab.host import Host
from tests.lab.process import Process

FOLDER = "/var/lib/caddy"
ROOT = f"{FOLDER}/data/caddy/pki/authorities/local/root.crt"
KEPT = f"{FOLDER}/config/caddy/autosave.json"  # the configuration, as its next start begins with it


@contextmanager
def caddy_service(host: Host) -> Iterator[None]:
    """It listens on 127.0.0.1:2019 with no site at all; afterwards nothing of it is left."""
    shutil.copy(BINARY, host.path("/usr/local/bin/caddy"))
    host.run("mkdir", "-p", FOLDER)
    process = start(host)
    try:
        yield
    finally:
        process.kill()
        process.wait_end()
        host.run("rm", "-rf", FOLDER, "/usr/local/bin/caddy", "/var/log/caddy")


def start(host: Host) -> Process:
    folders = (f"XDG_CONFIG_HOME={FOLDER}/config", f"XDG_DATA_HOME={FOLDER}/data")
    process = host.start_daemon(
        "env", *folders, "caddy", "run", "--resume", log=f"{FOLDER}/caddy.log"
    )
    ask = ("busybox", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2019/config/")
    wait_until(lambda: host.run(*ask, check=False).returncode == 0, what="Caddy answers")
    return process
