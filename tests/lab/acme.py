"""An ACME authority on a lab host: Pebble, which really asks the names it is to vouch for.

Its package is unpacked from Debian, as nothing else of this machine needs it. Beside it runs the
DNS of its own tests, in which every name leads to one host.
"""

import json
import shutil
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.apt import unpack_package
from tests.lab.cache import cache_folder
from tests.lab.command import run, wait_until
from tests.lab.host import Host

PACKAGE, RELEASE = "pebble", "bookworm"
PORT, MANAGEMENT, DNS = 14000, 15000, 8053
FOLDER = "/srv/pebble"
# It would wait for seconds, and refuse each twentieth request, to see what clients make of it.
AT_ONCE = ("PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")


@dataclass(frozen=True)
class Authority:
    """``tls_root_file`` vouches for its own address; what it gives is vouched for by `root_pem`."""

    directory: str
    management: str
    tls_root_file: Path

    @property
    def root_pem(self) -> str:
        """Another at each start."""
        return self._asked(f"{self.management}/roots/0")

    def answers(self) -> bool:
        try:
            return "newOrder" in self._asked(self.directory)
        except OSError:
            return False

    def _asked(self, url: str) -> str:
        trust = ssl.create_default_context(cafile=self.tls_root_file)
        with urllib.request.urlopen(url, context=trust, timeout=5) as answer:  # noqa: S310
            return str(answer.read().decode())


@contextmanager
def authority(host: Host, *, names_lead_to: Host, folder: Path) -> Iterator[Authority]:
    """On `host`, until the end; `folder` is for its certificate."""
    _put(host, folder)
    dns = host.start_daemon(
        f"{FOLDER}/pebble-challtestsrv", "-defaultIPv6", "",
        "-defaultIPv4", names_lead_to.address, "-dns01", f"127.0.0.1:{DNS}",
        "-http01", "", "-https01", "", "-tlsalpn01", "",
        log=f"{FOLDER}/dns.log",
    )  # fmt: skip
    pebble = host.start_daemon(
        "env", *AT_ONCE, f"{FOLDER}/pebble", "-config", f"{FOLDER}/config.json",
        "-dnsserver", f"127.0.0.1:{DNS}", log=f"{FOLDER}/pebble.log",
    )  # fmt: skip
    made = Authority(
        f"https://{host.address}:{PORT}/dir",
        f"https://{host.address}:{MANAGEMENT}",
        folder / "cert.pem",
    )
    try:
        wait_until(made.answers, what="Pebble answers")
        yield made
    finally:
        for process in (pebble, dns):
            process.kill()
            process.wait_end()
        host.run("rm", "-rf", FOLDER)


def _put(host: Host, folder: Path) -> None:
    binaries = cache_folder() / f"{PACKAGE}-{RELEASE}"
    if not binaries.exists():
        unpack_package(PACKAGE, release=RELEASE, folder=binaries)
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=pebble",
         "-addext", f"subjectAltName=IP:{host.address}",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")])  # fmt: skip
    settings = {
        "listenAddress": f"0.0.0.0:{PORT}",
        "managementListenAddress": f"0.0.0.0:{MANAGEMENT}",
        "certificate": f"{FOLDER}/cert.pem",
        "privateKey": f"{FOLDER}/key.pem",
        "httpPort": 80,
        "tlsPort": 443,
    }
    host.write_text(f"{FOLDER}/config.json", json.dumps({"pebble": settings}))
    for name in ("cert.pem", "key.pem"):
        host.write_text(f"{FOLDER}/{name}", (folder / name).read_text(), mode=0o600)
    for name in ("pebble", "pebble-challtestsrv"):
        shutil.copy(binaries / "usr/bin" / name, host.path(f"{FOLDER}/{name}"))
