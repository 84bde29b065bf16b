"""Asking a site through its proxy, from the host itself: neither DNS nor a firewall matters."""

from __future__ import annotations

import time
from typing import Final

from provisioning.drivers import http_probe
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.drivers.http_probe import ProbeAnswer
from provisioning.proxy.models import Proxy
from provisioning.proxy.places import proxy_of
from sites.models import Domain, Host

PATIENCE_S: Final = 10.0  # a certificate of the proxy's own authority is made after the load
_PAUSE_S: Final = 0.25
_ASK_S: Final = 8.0
# What Caddy itself answers with when no container does, or when there is none to ask.
_NOBODY: Final = {502: "its container does not answer", 503: "it says that it is not running",
                  504: "its container is too slow"}  # fmt: skip


def probe(host: HostDriver, row: Host, domain: Domain, *, path: str = "/") -> ProbeAnswer:
    """What the site answers under this name, whatever it is. Raises DriverError without one.

    DriverError ``tls_failed`` while a public certificate is still to come.
    """
    return _ask(host, proxy_of(row), domain.name, tls=domain.tls != Domain.Tls.OFF, path=path)


def trouble(
    host: HostDriver, proxy: Proxy, name: str, *, tls: str, patience_s: float = PATIENCE_S
) -> str:
    """Why nobody answers under this name; empty when somebody does. Waits for a certificate."""
    deadline = time.monotonic() + patience_s
    while True:
        words = _once(host, proxy, name, tls)
        if not words or time.monotonic() > deadline:
            return words
        time.sleep(_PAUSE_S)  # a proxy does not tell when a certificate is ready


def _once(host: HostDriver, proxy: Proxy, name: str, tls: str) -> str:
    try:
        answer = _ask(host, proxy, name, tls=tls != "off")
    except DriverError as error:
        if error.code == "tls_failed" and tls == "acme":
            return ""  # depends on DNS and on an authority outside; the vhost itself is there
        if error.code not in ("tls_failed", "link_lost", "timeout", "port_closed", "garbage"):
            raise
        return error.message
    return _NOBODY.get(answer.status, "")


def _ask(host: HostDriver, proxy: Proxy, name: str, *, tls: bool, path: str = "/") -> ProbeAnswer:
    scheme, port = ("https", proxy.https_port) if tls else ("http", proxy.http_port)
    return http_probe.get(host, f"{scheme}://{name}{path}", port=port, timeout_s=_ASK_S)
