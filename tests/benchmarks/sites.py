"""A site from order to answer, against the same files and a bare `docker compose up -d`.

Both sides in turn on one host, in one run: the shipped `static` with its real nginx and Decap CMS.
Images of the site are removed before each turn, so both build them anew, from the Engine's cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.benchmarks.figures import Figure, median
from tests.lab import Lab
from tests.lab.caddy import import_caddy
from tests.lab.command import LabError, wait_until
from tests.lab.host import Host
from tests.lab.site_images import site_engine
from tests.stack import Client, add_lab_host, stack

ROUNDS: Final = 7
NAME, OTHER = "bench", "bare"
DOMAIN: Final = "bench.example.test"
FOLDER: Final = f"/srv/sites/{NAME}"
KEPT: Final = f"/srv/{OTHER}"  # the same files, for the side without SiteFlow
IMAGES: Final = [f"{name}-{service}:1" for name in (NAME, OTHER) for service in ("web", "cms")]


@contextmanager
def provisioning_host(lab: Lab) -> Iterator[Host]:
    with site_engine(lab.web1), TemporaryDirectory() as folder:
        import_caddy(lab.web1, directory=Path(folder))
        yield lab.web1


def provision_static(host: Host, engine: str, variables: dict[str, str]) -> list[Figure]:
    """Of each turn the ratio; the first, which fills the caches, does not count."""
    ours, bare = [], []
    with stack(**variables) as running:
        add_lab_host(running, host)
        client = running.client()
        wait_until(lambda: _is_reached(client), what="the host is reached", timeout_s=60)
        _done(client, client.post(f"/hosts/{_key(client)}/proxy-install"))
        for turn in range(ROUNDS + 1):
            ours.append(_by_siteflow(client, host, copy=turn == 0))
            bare.append(_by_compose(host))
        for line in _steps(client):
            print(line)
    _clean(host)
    pairs = list(zip(ours[1:], bare[1:], strict=True))
    against = f"bare compose up and a probe, {median([one for _, one in pairs]):.1f} s"
    ratio = median([mine / other for mine, other in pairs])
    seconds = median([mine for mine, _ in pairs])
    return [
        Figure("provisioning static, p50", engine, ratio, "x", against, 1.5),
        Figure("provisioning static, p50", engine, seconds, "s", against),
    ]


def _by_siteflow(client: Client, host: Host, *, copy: bool) -> float:
    host.run("docker", "rmi", *IMAGES, check=False)
    order = {"name": NAME, "template": "static", "domain": DOMAIN, "tls": "internal"}
    begun = time.perf_counter()
    _done(client, client.post("/provision/", order))
    took = time.perf_counter() - begun
    if copy:
        host.run("cp", "-a", FOLDER, KEPT)
        # Another project: what SiteFlow's monitor finds of it is not in its own site's way.
        host.run("sed", "-i", f"s/^COMPOSE_PROJECT_NAME=.*/COMPOSE_PROJECT_NAME={OTHER}/",
                 f"{KEPT}/.env")  # fmt: skip
    gone = {"name": NAME, "confirm_name": NAME, "remove_volumes": True, "remove_files": True}
    answer = client.session.delete(
        f"{client.url}/api/provision/", json=gone, timeout=30,
        headers={"X-CSRFToken": client.csrf, "Referer": client.url},
    )  # fmt: skip
    _done(client, answer)
    (kept,) = client.get("/quarantine")["items"]
    _done(client, client.post(f"/quarantine/{kept['id']}/purge", {"confirm_name": NAME}))
    return took


def _by_compose(host: Host) -> float:
    host.run("docker", "rmi", *IMAGES, check=False)
    compose = ("compose", "--project-directory", KEPT)
    begun = time.perf_counter()
    host.docker(*compose, "up", "--detach", timeout_s=300)
    wait_until(lambda: _answers(host), what="it answers", timeout_s=60)
    took = time.perf_counter() - begun
    host.docker(*compose, "down", "--volumes")
    return took


def _answers(host: Host) -> bool:
    which = "{{.NetworkSettings.Networks.siteflow_proxy.IPAddress}}"
    address = host.docker("inspect", f"--format={which}", f"{OTHER}-web-1").strip()
    try:
        return bool(host.run("busybox", "wget", "-q", "-O", "-", f"http://{address}/").stdout)
    except LabError:
        return False


def _is_reached(client: Client) -> bool:
    (row,) = client.get("/hosts")["items"]
    return bool(row["state"] == "reachable")


def _key(client: Client) -> int:
    (row,) = client.get("/hosts")["items"]
    key: int = row["id"]
    return key


def _done(client: Client, answer: Any) -> None:
    if not answer.ok:
        raise RuntimeError(answer.text)
    told = answer.json()
    number, deadline = told.get("operation") or told["id"], time.monotonic() + 300
    # The console follows by a socket: asking all the time would take the processor from the work.
    while (row := client.get(f"/operations/{number}"))["status"] in {"queued", "running"}:
        if time.monotonic() > deadline:
            raise TimeoutError(row["step"])
        time.sleep(0.2)
    if row["status"] != "succeeded":
        raise RuntimeError(row["message"])


def _steps(client: Client) -> Iterator[str]:
    """How long each step took, the last time."""
    (row, *_) = client.get("/operations", kind="site.provision")["items"]
    detail = client.get(f"/operations/{row['id']}")
    for step in detail["steps"]:
        yield f"{step['name']}: {step['started_at']} → {step['finished_at']}"


def _clean(host: Host) -> None:
    host.run("docker", "rm", "--force", "caddy", check=False)
    host.run("docker", "volume", "rm", "siteflow-proxy_data", "siteflow-proxy_config", check=False)
    host.run("docker", "network", "rm", "siteflow_proxy", check=False)
    host.run("rm", "-rf", "/srv/siteflow", "/srv/sites", "/srv/.quarantine", KEPT)
