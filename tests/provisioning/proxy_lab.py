"""A host of the lab with a proxy, and small sites behind it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from provisioning import engine
from provisioning.drivers import http_probe, pool
from provisioning.drivers.errors import DriverError
from provisioning.drivers.pool import host_driver
from provisioning.models import Operation
from provisioning.targets import target_of
from sites.models import Domain, Host, Site
from tests.lab.caddy import import_caddy
from tests.lab.command import wait_until
from tests.lab.host import Host as LabHost
from tests.lab.images import BUSYBOX
from tests.provisioning.rows import COMMAND

FOLDER = "/srv/siteflow/proxy"
ADMIN = "http://127.0.0.1:2019"
_CERTIFICATE_S = 20.0
_SERVE = "echo $WORD >/var/www/index.html; exec httpd -f -p 8080 -h /var/www"


def known(lab_host: LabHost, **values: Any) -> Host:
    """Its row, with its key approved and its Docker reachable."""
    params = {
        "name": "it", "address": lab_host.address, "port": lab_host.port,
        "username": lab_host.user, "auth": "key", "private_key": lab_host.private_key, **values,
    }  # fmt: skip
    row = engine.start("host.add", actor=COMMAND, params=params)
    Host.objects.filter(pk=row.result["host"]).update(
        host_key=lab_host.host_public_key, state="reachable", sites_root="/srv"
    )
    return Host.objects.get(pk=row.result["host"])


def done(kind: str, target: Any, **params: Any) -> Operation:
    """The verb, carried out by this process."""
    row = engine.start(kind, target, actor=COMMAND, params=params)
    if row.is_active:
        engine.run(row.pk)
        row.refresh_from_db()
    return row


def good(kind: str, target: Any, **params: Any) -> Operation:
    row = done(kind, target, **params)
    assert row.status == "succeeded", (row.message, list(row.output.values_list("text", flat=True)))
    return row


def start_site(lab_host: LabHost, project: str, *, number: int = 1, word: str = "") -> str:
    """One container as compose would make it, that answers with its word on port 8080."""
    name = f"{project}-web-{number}"
    labels = {
        "com.docker.compose.project": project,
        "com.docker.compose.service": "web",
        "com.docker.compose.container-number": str(number),
        "com.docker.compose.oneoff": "False",
    }
    flags = [f"--label={key}={value}" for key, value in labels.items()]
    lab_host.docker(
        "run", "--detach", f"--name={name}", "--network=siteflow_proxy", "--expose=8080",
        "--init", f"--env=WORD={word or project}", *flags, BUSYBOX, "sh", "-c", _SERVE,
    )  # fmt: skip
    return name


def site_of(host: Host, project: str, *domains: str, tls: str = "internal") -> Site:
    site = Site.objects.create(host=host, project=project, name=project, managed=True)
    for name in domains or (f"{project}.test",):
        engine.start("domain.add", site, actor=COMMAND, params={"name": name, "tls": tls})
    return site


@contextmanager
def clean_host(lab_host: LabHost, *, image: bool = True) -> Iterator[LabHost]:
    """A host without a proxy, before and after."""
    if image:
        import_caddy(lab_host, directory=lab_host.tree)
    try:
        yield lab_host
    finally:
        pool.close_all()
        forget(lab_host)


def forget(lab_host: LabHost) -> None:
    names = lab_host.docker("ps", "--all", "--format", "{{.Names}} {{.Networks}}").splitlines()
    ours = [line.split()[0] for line in names if "siteflow_proxy" in line]
    if ours:
        lab_host.docker("rm", "--force", *ours)
    lab_host.run("docker", "network", "rm", "siteflow_proxy", check=False)
    volumes = ("siteflow-proxy_data", "siteflow-proxy_config")
    lab_host.run("docker", "volume", "rm", *volumes, check=False)
    lab_host.run("rm", "-rf", "/srv/siteflow")


def origin(lab_host: LabHost) -> str:
    text = lab_host.read_text(f"{FOLDER}/caddy.json")
    found: str = json.loads(text)["admin"]["origins"][0]
    return found


def configuration(host: Host, lab_host: LabHost) -> tuple[dict[str, Any], str]:
    """What Caddy runs, and its tag: as somebody on the host asks for it."""
    answer = http_probe.request(
        host_driver(target_of(host)), "GET", f"{ADMIN}/config/",
        headers={"Origin": origin(lab_host)},
    )  # fmt: skip
    return json.loads(answer.body), answer.headers["etag"]


def by_hand(host: Host, lab_host: LabHost, config: dict[str, Any]) -> None:
    headers = {"Origin": origin(lab_host), "Content-Type": "application/json"}
    answer = http_probe.request(
        host_driver(target_of(host)), "POST", f"{ADMIN}/config/",
        headers=headers, body=json.dumps(config).encode(),
    )  # fmt: skip
    assert answer.status == 200, answer.body


def text(host: Host, name: str, *, path: str = "/", tls: bool = True) -> str:
    """What the site says, or the status if it is not 200. A new certificate takes a moment."""
    driver = host_driver(target_of(host))
    deadline = time.monotonic() + _CERTIFICATE_S
    while True:
        try:
            answer = http_probe.get(driver, f"{'https' if tls else 'http'}://{name}{path}")
            return answer.body.decode().strip() if answer.status == 200 else str(answer.status)
        except DriverError as error:
            if error.code != "tls_failed" or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


class Asking:
    """Somebody who asks for a site all the time, each time on a new connection."""

    def __init__(self, host: Host, name: str) -> None:
        self._driver, self._name = host_driver(target_of(host)), name
        self.said: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Asking:
        self._thread.start()
        self.go_on()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def go_on(self) -> None:
        enough = len(self.said) + 5
        wait_until(lambda: len(self.said) >= enough, what="requests are answered", timeout_s=60)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                answer = http_probe.get(self._driver, f"https://{self._name}/")
                self.said.append(answer.body.decode().strip() or str(answer.status))
            except DriverError as error:
                self.said.append(error.code)


def domain(name: str) -> Domain:
    return Domain.objects.get(name=name)
