"""A real Caddy on this machine's loopback, and small servers behind it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from provisioning.drivers.caddy_admin import Admin
from provisioning.drivers.caddy_vhost import Block, Folders, Vhost, block
from provisioning.drivers.errors import DriverError
from tests.lab.command import wait_until

CADDY = Path(sys.executable).with_name("caddy")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Caddy:
    """Its admin API and ports are free ones; ``admin`` is the product's client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.admin_port, self.http_port, self.https_port = free_ports(3)
        self.origin = "http://only-for-tests"
        self.admin = Admin(self.send, host="it", origin=self.origin)
        self._process: subprocess.Popen[bytes] | None = None
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        (folder / "caddy.json").write_text(json.dumps(self.first_config()))

    def first_config(self) -> dict[str, Any]:
        listen = f"0.0.0.0:{self.admin_port}"
        local = {"install_trust": False}
        http = {"http_port": self.http_port, "https_port": self.https_port}
        return {
            "admin": {"listen": listen, "enforce_origin": True, "origins": [self.origin]},
            "apps": {"http": http, "pki": {"certificate_authorities": {"local": local}}},
            "logging": {"logs": {"default": {"exclude": ["http.log.access"]}}},
        }

    def start(self) -> None:
        home = str(self.folder)
        with (self.folder / "caddy.log").open("ab") as log:
            self._process = subprocess.Popen(
                [CADDY, "run", "--resume", "--config", self.folder / "caddy.json"],
                env={"HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home},
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, what="Caddy answers")

    def stop(self, *, kill: bool = False) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(timeout=20)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.log
        try:
            return self.send("GET", "/config/", headers={"Origin": self.origin}).status == 200
        except DriverError:
            return False

    @property
    def log(self) -> str:
        return (self.folder / "caddy.log").read_text()

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        try:
            return _asked(connection, method, path, headers, body)
        except OSError as error:
            raise DriverError(f"the proxy broke off: {error}", "link_lost") from error

    def block(self, vhost: Vhost) -> Block:
        folders = Folders(str(self.folder / "logs"), str(self.folder / "upstreams"))
        return block(vhost, folders=folders)

    def upstream(self, name: str, address: str) -> str:
        """Where requests for this upstream go from now on."""
        file = self.folder / "upstreams" / name
        file.parent.mkdir(exist_ok=True)
        file.with_suffix(".new").write_text(address)
        file.with_suffix(".new").rename(file)
        return name

    def blocks(self, *vhosts: Vhost) -> dict[str, Block]:
        return {vhost.name: self.block(vhost) for vhost in vhosts}

    def get(self, name: str, path: str = "/", *, tls: bool = True, **headers: str) -> Answer:
        """As a browser asks for that name."""
        port = self.https_port if tls else self.http_port
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as http.client does itself
        connection = http.client.HTTPConnection(name)
        connection.sock = self._tls.wrap_socket(raw, server_hostname=name) if tls else raw
        return _asked(connection, "GET", path, headers, b"")

    def wait_certificate(self, name: str, *, tls: bool = True) -> None:
        """Certificates are made after a configuration is loaded."""

        def has_one() -> bool:
            try:
                return bool(self.get(name, tls=tls).status)
            except ssl.SSLError:
                return False

        wait_until(has_one, what=f"certificate of {name}", timeout_s=60)

    def tls_context(self) -> ssl.SSLContext:
        return self._tls


def _asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    try:
        connection.request(method, path, body=body or None, headers=dict(headers))
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()


@contextmanager
def running(folder: Path) -> Iterator[Caddy]:
    caddy = Caddy(folder)
    caddy.start()
    try:
        yield caddy
    finally:
        caddy.stop()


@contextmanager
def backend(word: str) -> Iterator[str]:
    """Answers each request with its word and the path; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            text = f"{word} {self.path}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_ports(count: int) -> list[int]:
    """Of this moment; all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
