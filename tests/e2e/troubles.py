"""What is made go wrong for the tests of alerts: two sites, a NAS and a server of certificates."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.utils import timezone

from tests.lab import Lab
from tests.lab.host import Host
from tests.monitoring.waiting import until
from tests.provisioning.certificates.making import made
from tests.stack import Client, Stack, add_lab_host

SHOWN: Final = "shown.test"  # the name of a site that is served by TLS
ROOT: Final = "/volume1/alerts"
_HTTPS_PORT: Final = 8499
_HTTP_PORT: Final = 8099
# A site whose certificate is watched, and one that is asked in clear and has a release.
_MAKE: Final = f"""
from provisioning.proxy.models import Proxy
from sites.models import Host
from tests.provisioning.site_rows import make_release, make_site
host = Host.objects.get(name="web1")
ports = {{"https_port": {_HTTPS_PORT}, "http_port": {_HTTP_PORT}}}
Proxy.objects.update_or_create(host=host, defaults=ports)
make_site(host, "shown", domain="{SHOWN}").domains.update(tls="internal")
quiet = make_site(host, "quiet", domain="quiet.test")
quiet.domains.update(tls="off")
make_release(quiet)
"""
_REMOVE: Final = """
from provisioning.proxy.models import Proxy
from sites.models import Host, Site
Site.objects.filter(name__in=("shown", "quiet")).delete()
Proxy.objects.filter(host__name="web1").delete()
Host.objects.filter(name="nas").delete()
"""


class World:
    """The console with the lab's hosts, as somebody has set it up who wants to be told quickly."""

    def __init__(self, console: Stack, client: Client, lab: Lab) -> None:
        self._client, self._lab = client, lab
        self._hosts = {one["name"]: one["id"] for one in client.get("/hosts")["items"]}
        self._sites = {one["name"]: one["id"] for one in client.get("/sites")["items"]}

    def operate(self, kind: str, host: str) -> int:
        asked = self._client.post("/operations", {
            "kind": kind, "target_type": "host", "target_id": self._hosts[host], "params": {},
        })  # fmt: skip
        assert asked.status_code == 202, asked.text
        return int(asked.json()["id"])

    def done(self, kind: str, host: str) -> None:
        self._client.wait(self.operate(kind, host))

    def look_at_certificate(self) -> None:
        (domain,) = self._client.get("/domains", search=SHOWN)["items"]
        asked = self._client.post(f"/domains/{domain['id']}/cert-check")
        self._client.wait(asked.json()["id"])

    def keep_backups(self) -> None:
        """On the NAS, of one site; the newest is three days old."""
        self.put_backup("old.tar", hours=72)
        told = {"root": ROOT, "sites": [self._sites["shown"]]}
        answer = self._client.send("PUT", f"/hosts/{self._hosts['nas']}/nas", told)
        assert answer.ok, answer.text
        self.done("nas.check", "nas")

    def put_backup(self, name: str, *, hours: int) -> None:
        nas, path = self._lab.nas, f"{ROOT}/shown/{name}"
        nas.run("mkdir", "-p", f"{ROOT}/shown")
        nas.run("sh", "-c", f"head -c 100000 /dev/zero >{path}")
        nas.run("touch", "-d", f"{hours} hours ago", path)

    def read_at(self, host: str) -> str:
        """When the monitor last read all of it."""
        return str(self._client.get(f"/hosts/{self._hosts[host]}")["inventory_at"])


@contextmanager
def world(console: Stack, client: Client, lab: Lab) -> Iterator[World]:
    console.manage("shell", "-c", _MAKE)
    add_lab_host(console, lab.nas)
    try:
        yield World(console, client, lab)
    finally:
        lab.nas.thaw()
        lab.nas.run("rm", "-rf", ROOT)
        console.manage("shell", "-c", _REMOVE)


def be_quick(client: Client, *names: str) -> None:
    """These rules tell after a moment."""
    rules = client.get("/alerts/rules", page_size=100)["items"]
    for rule in rules:
        if rule["name"] in names:
            times = {"for_s": 2, "clear_for_s": 2}
            answer = client.send("PATCH", f"/alerts/rules/{rule['id']}", times)
            assert answer.ok, answer.text


@contextmanager
def certificate_served(host: Host, folder: Path, *, days: float) -> Iterator[None]:
    """By something that speaks HTTPS on the host, for as long as the block."""
    pair = made(SHOWN, now=timezone.now(), ends=timedelta(days=days))
    (folder / "cert.pem").write_bytes(pair.pem)
    (folder / "key.pem").write_bytes(pair.key_pem)
    argv = ["openssl", "s_server", "-quiet", "-www", "-accept", str(_HTTPS_PORT),
            "-cert", "cert.pem", "-key", "key.pem"]  # fmt: skip
    with _running(host, argv, folder, _HTTPS_PORT):
        yield


@contextmanager
def site_served(host: Host, folder: Path) -> Iterator[None]:
    """What answers for the other site."""
    with _running(host, [sys.executable, "-m", "http.server", str(_HTTP_PORT)], folder, _HTTP_PORT):
        yield


@contextmanager
def _running(host: Host, argv: list[str], folder: Path, port: int) -> Iterator[None]:
    """From when on it can be reached."""
    enter = ["nsenter", f"--target={host.init.pid}", "--net"]
    null = subprocess.DEVNULL
    server = subprocess.Popen([*enter, *argv], cwd=folder, stdin=null, stdout=null, stderr=null)
    try:
        until(lambda: _answers(host.address, port), timeout_s=30)
        yield
    finally:
        server.terminate()
        server.wait(10)


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True
