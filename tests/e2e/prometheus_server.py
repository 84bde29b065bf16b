"""Debian's Prometheus, scraping one target."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.databases import free_port

SOON_S = 60


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, text: str) -> list[dict[str, Any]]:
        """The samples of an instant query; none before the server answers."""
        address = f"{self.url}/api/v1/query"
        try:
            answer = requests.get(address, params={"query": text}, timeout=10)
        except requests.ConnectionError:
            return []
        if answer.status_code == 503:  # is starting
            return []
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def wait_for(self, text: str) -> list[dict[str, Any]]:
        """Until it has samples: it scrapes once a second."""
        deadline = time.monotonic() + SOON_S
        while not (found := self.query(text)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing for {text}: {self._targets()}")
            time.sleep(0.2)  # between two questions of a server that has its own pace
        return found

    def _targets(self) -> str:
        """With the last error of each scrape."""
        return requests.get(f"{self.url}/api/v1/targets", timeout=10).text


@contextmanager
def prometheus(folder: Path, target: str, token: str) -> Iterator[Prometheus]:
    """Scrapes ``target`` (host:port) as docs/prometheus.md shows it."""
    secret, config = folder / "siteflow.token", folder / "prometheus.yml"
    secret.write_text(token)
    job = {
        "job_name": "siteflow",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "metrics_path": "/metrics",
        "authorization": {"credentials_file": str(secret)},
        "static_configs": [{"targets": [target]}],
    }
    config.write_text(json.dumps({"scrape_configs": [job]}))  # JSON is YAML
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
               f"--web.listen-address={address}", "--log.level=warn"]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(["prometheus", *options], stdout=log, stderr=log)
        try:
            yield Prometheus(f"http://{address}")
        finally:
            server.terminate()
            server.wait(30)
