"""Verbs on the proxy of a host: put there, made to serve what the rows say, loaded anew."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import Final

from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field

from provisioning.drivers import caddy_install, compose, compose_run, dotenv, host_files
from provisioning.drivers.caddy_config import mark_of
from provisioning.drivers.caddy_load import reload as load_anew
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.operations import proxy_service
from provisioning.operations.contract import Op, VerbError
from provisioning.operations.proxy_rows import as_it_was, conclude, keep, set_ports
from provisioning.proxy import apply
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import (
    admin_of,
    folder_of,
    origin,
    project_of,
    proxy_of,
    put_acme_root,
)
from sites.models import Host

_PULL_S: Final = 300.0
_START_S: Final = 60.0
_PAUSE_S: Final = 0.25
_PROJECT_LABEL: Final = "com.docker.compose.project"


class Installation(BaseModel):
    """Ports of the host. What a proxy that is there already has, it keeps where nothing is said.

    ``service``: no container is made, a Caddy that runs on the host itself is used.
    """

    model_config = ConfigDict(extra="forbid")
    service: bool = False
    http_port: int = Field(default=80, ge=1, le=65_535)
    https_port: int = Field(default=443, ge=1, le=65_535)
    admin_port: int = Field(default=2019, ge=1, le=65_535)


class Sync(BaseModel):
    """``plan_digest`` says that this plan was seen, with what somebody changed by hand in it."""

    model_config = ConfigDict(extra="forbid")
    plan_digest: str = Field(default="", max_length=64)


def install(op: Op, host: HostDriver) -> None:
    """Puts Caddy on the host as a container that SiteFlow configures. Twice is once."""
    row: Host = op.target
    if op.params.service:
        return proxy_service.use(op, host)
    with op.step("Check", percent=5):
        proxy = _checked(op, host, row)
    undo = None if op.recall("was_there") else partial(_undo, op, host, row)
    with as_it_was(row, undo):
        with op.step("Files", percent=15):
            _write_files(op, host, row, proxy)
        with op.step("Image", percent=25):
            _have_image(op, host, row)
        with op.step("Start", percent=50):
            _compose(op, host, row, compose.up(project_of(row)), timeout_s=_START_S)
            _wait_for_it(host, row, proxy)
    with op.step("Sites", percent=80):
        keep(proxy)
        outcome = apply.apply_all(op, host, row)
    conclude(op, row, outcome, done=f"{row.name} has a proxy.")


def sync(op: Op, host: HostDriver) -> None:
    """Makes the proxy serve what the domains of the host's sites say, and nothing else of ours."""
    row: Host = op.target
    with op.step("Proxy", percent=20):
        outcome = apply.apply_all(op, host, row, plan_digest=op.params.plan_digest)
    conclude(op, row, outcome, done=f"The proxy of {row.name} serves what its sites say.")


def reload(op: Op, host: HostDriver) -> None:
    """Has the proxy load its own configuration once more. WebSockets go on."""
    row: Host = op.target
    with op.step("Load", percent=30):
        proxy = proxy_of(row)
        admin = admin_of(host, row, proxy)
        load_anew(admin)
        Proxy.objects.filter(pk=proxy.pk).update(loaded_at=timezone.now())
    with op.step("Check", percent=90):
        mark = mark_of(admin.read().config)
        op.remember(after={"configuration": mark[:12]})
    op.conclude(f"The proxy of {row.name} has loaded its configuration anew.")


# -- putting it there -------------------------------------------------------------------------


def _checked(op: Op, host: HostDriver, row: Host) -> Proxy:
    """The row to be, from what is there and what was asked for."""
    proxy = Proxy.objects.filter(host=row).first() or Proxy(host=row)
    if proxy.pk and proxy.is_service:
        words = f"The proxy of {row.name} is a service of the host: say service."
        raise VerbError(words, code="conflict")
    set_ports(proxy, op.params)
    there = next((one for one in host.docker.containers() if one.name == proxy.container), None)
    if there and there.labels.get(_PROJECT_LABEL) != caddy_install.PROJECT:
        raise VerbError(
            f"There is a container {proxy.container!r} on {row.name} already, and it is not ours.",
            code="conflict",
        )
    if op.recall("was_there") is None:
        had_folder = host_files.exists(host, folder_of(row), sudo=row.sudo)
        op.remember(was_there=there is not None, had_folder=had_folder)
    return proxy


def _write_files(op: Op, host: HostDriver, row: Host, proxy: Proxy) -> None:
    folder, sudo = folder_of(row), row.sudo
    for name in ("", f"/{caddy_install.UPSTREAMS}", f"/{caddy_install.ACME}", "/logs"):
        host_files.make_folder(host, f"{folder}{name}", mode=0o755, sudo=sudo)
    put_acme_root(host, row)
    ports = caddy_install.Ports(proxy.http_port, proxy.https_port, proxy.admin_port)
    env = caddy_install.env(container=proxy.container, network=proxy.network, ports=ports)
    migrates = host_files.exists(host, caddy_install.MIGRATES)
    texts = {"compose.yml": caddy_install.compose_text(migrates=migrates), ".env": dotenv.dump(env)}
    for name, text in texts.items():
        host_files.write(host, f"{folder}/{name}", text.encode(), mode=0o640, sudo=sudo)
    if not origin(host, row):
        # The word is made once: Caddy goes on to ask for the one it has loaded.
        first = caddy_install.first_config(f"http://{secrets.token_hex(24)}")
        path = f"{folder}/{caddy_install.CONFIG_FILE}"
        host_files.write(host, path, first.encode(), mode=0o600, sudo=sudo)
    op.say(f"Files in {folder}")


def _have_image(op: Op, host: HostDriver, row: Host) -> None:
    try:
        host.docker.image(caddy_install.IMAGE)
    except DriverError as error:
        if error.code != "not_found":
            raise
        _compose(op, host, row, compose.pull(project_of(row)), timeout_s=_PULL_S)


def _compose(
    op: Op, host: HostDriver, row: Host, argv: tuple[str, ...], *, timeout_s: float
) -> None:
    compose_run.run(host, argv, sudo=row.sudo, timeout_s=timeout_s, say=op.say)


def _wait_for_it(host: HostDriver, row: Host, proxy: Proxy) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            admin_of(host, row, proxy).read()
            return
        except DriverError as error:
            closed = error.code in ("port_closed", "link_lost")
            if not closed or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_S)  # nothing tells when Caddy begins to listen


def _undo(op: Op, host: HostDriver, row: Host) -> None:
    """Writing to the journal comes first: it fails where another worker has taken over."""
    op.remember(undoing=True)
    try:
        if host_files.exists(host, f"{folder_of(row)}/compose.yml", sudo=row.sudo):
            _compose(op, host, row, compose.down(project_of(row)), timeout_s=_START_S)
        if not op.recall("had_folder"):  # else the word that Caddy knows is in it
            host_files.remove_tree(host, folder_of(row), below=row.sites_root, sudo=row.sudo)
    except DriverError as left:
        op.say(f"Not looked after: {left.message}", stream="stderr")
