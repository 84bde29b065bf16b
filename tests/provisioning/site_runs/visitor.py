"""Somebody who asks for a site over HTTPS and trusts one authority only."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from tests.lab.host import Host as LabHost

ROOT: Final = (
    "/var/lib/docker/volumes/siteflow-proxy_data/_data/caddy/pki/authorities/local/root.crt"
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


def _body(told: Any, form: dict[str, str] | None) -> tuple[str | None, dict[str, str]]:
    if form is not None:
        return urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}
    if told is not None:
        return json.dumps(told), {"Content-Type": "application/json"}
    return None, {}


@dataclass(frozen=True)
class Visitor:
    """``root_pem`` is whom they trust."""

    host: LabHost
    name: str
    root_pem: str

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        told: Any = None,
        form: dict[str, str] | None = None,
    ) -> Answer:
        """Raises OSError, of which a certificate that cannot be trusted is one."""
        trust = ssl.create_default_context(cadata=self.root_pem)
        plain = socket.create_connection((self.host.address, 443), timeout=20)
        connection = http.client.HTTPSConnection(self.name)
        body, kind = _body(told, form)
        with plain, trust.wrap_socket(plain, server_hostname=self.name) as connection.sock:
            connection.request(method, path, body, {**kind, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, text)

    def page(self, path: str, **more: Any) -> str:
        answer = self.ask(path, **more)
        assert answer.status == 200, (path, answer)
        return answer.text


def visitor(host: LabHost, name: str) -> Visitor:
    """Who trusts the proxy's own authority."""
    return Visitor(host, name, host.run("cat", ROOT).stdout)
