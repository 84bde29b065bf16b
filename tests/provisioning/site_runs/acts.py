"""What a person does to a site, in one line each; and what of it a visitor sees."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from provisioning import engine
from provisioning.drivers import dotenv
from provisioning.models import Operation
from provisioning.new_site import provision_new
from provisioning.operations import VERBS
from sites.models import Host, Site
from tests.lab.host import Host as LabHost
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.ground import ended


def told(name: str = "corner", **values: Any) -> dict[str, Any]:
    given = {"name": name, "template": "bare", "domain": f"{name}.example.test", "tls": "off"}
    return {
        "template_version": None, "tenant": "sites", "environment": "production", "aliases": [],
        "params": {}, **given, **values,
    }  # fmt: skip


def made(place: Host, name: str = "corner", **values: Any) -> Site:
    """A site that runs."""
    site, operation = provision_new(place, told(name, **values), actor=COMMAND)
    ended(operation)
    assert operation.status == "succeeded", words(operation)
    site.refresh_from_db()
    return site


def prepared(site: Site, **env: str) -> int:
    """The number of a new release that differs in these values."""
    site.refresh_from_db()
    base = site.releases.get(status="current")
    changed = base.reveal() | env
    row = engine.start(
        "site.configure",
        site,
        actor=COMMAND,
        params={"revision": site.revision, "env": dotenv.dump(changed)},
    )
    return int(row.result["release"])


def asked(site: Site, kind: str, **params: Any) -> Operation:
    name = site.name if VERBS[kind].confirm else None
    return engine.start(kind, site, actor=COMMAND, params=params, confirm_name=name)


def did(site: Site, kind: str, **params: Any) -> Operation:
    return ended(asked(site, kind, **params))


def words(operation: Operation) -> str:
    lines = operation.output.values_list("text", flat=True)
    return "\n".join([f"{operation.status}: {operation.message}", *lines])


def seen(host: LabHost, name: str = "corner.example.test") -> tuple[int, str]:
    """What a visitor gets: status and text."""
    connection = http.client.HTTPConnection(host.address, 80, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": name})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace").strip()
    finally:
        connection.close()


@contextmanager
def visitors(host: LabHost, name: str = "corner.example.test") -> Iterator[list[str]]:
    """Somebody asks for the site all the time; each answer that is not 200 is in the list.

    The first item counts the good ones.
    """
    troubles: list[str] = ["0"]
    over = threading.Event()

    def ask() -> None:
        good = 0
        while not over.is_set():
            try:
                status, text = seen(host, name)
                problem = "" if status == 200 and text else f"{status} {text[:80]}"
            except OSError as error:
                problem = repr(error)
            good += not problem
            troubles[0] = str(good)
            if problem:
                troubles.append(problem)
            over.wait(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield troubles
    finally:
        over.set()
        thread.join()
