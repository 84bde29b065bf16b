from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509

from provisioning.drivers import http_probe
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_web import FakeAnswer, FakeRequest, _parsed, _server_context
from provisioning.drivers.host import HostDriver
from provisioning.drivers.http_probe import ProbeAnswer
from tests.lab.command import wait_until
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened
from tests.provisioning.drivers.servers import free_port, tcp_server, until_closed
from tests.provisioning.drivers.test_host_files import fails, local

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"
URL = "http://shop.example/"


def said(answer: bytes, heard: list[bytes] | None = None) -> Callable[[socket.socket], None]:
    """Reads one request, says this and hangs up."""

    def handle(connection: socket.socket) -> None:
        request = connection.recv(65536)
        while request and _parsed(request) is None:
            request += connection.recv(65536)
        if heard is not None:
            heard.append(request)
        connection.sendall(answer)

    return handle


def get(answer: bytes, *, max_bytes: int = 1000) -> ProbeAnswer:
    with tcp_server(said(answer)) as port:
        return http_probe.get(local(), URL, port=port, timeout_s=5, max_bytes=max_bytes)


def test_what_is_asked_and_answered() -> None:
    heard: list[bytes] = []
    with tcp_server(said(OK, heard)) as port:
        url = "http://Shöp.example:81/a b/ü?q=1%20&r=ü#part"
        answer = http_probe.get(local(), url, port=port, headers={"X-Y": "z"})
    assert (answer.status, answer.body, answer.headers["x-a"]) == (200, b"hello", "1, 2")
    assert (answer.certificate_der, answer.cut) == (None, False)
    assert heard == [
        b"GET /a%20b/%C3%BC?q=1%20&r=%C3%BC HTTP/1.1\r\nHost: xn--shp-tna.example:81\r\n"
        b"Accept-Encoding: identity\r\nConnection: close\r\nUser-Agent: SiteFlow\r\nX-Y: z\r\n\r\n"
    ]


def test_a_request_with_a_body() -> None:
    heard: list[bytes] = []
    with tcp_server(said(OK, heard)) as port:
        http_probe.request(
            local(),
            "POST",
            f"http://127.0.0.1:{port}/load",
            headers={"If-Match": '"x"'},
            body=b"{}",
        )
    assert heard[0].startswith(b"POST /load HTTP/1.1\r\n")
    assert heard[0].endswith(b'Content-Length: 2\r\nIf-Match: "x"\r\n\r\n{}')


@pytest.mark.parametrize("status", [204, 301, 401, 404, 502, 599])
def test_any_status_is_an_answer_and_redirects_are_not_followed(status: int) -> None:
    head = f"HTTP/1.1 {status} X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    answer = get(head.encode())
    assert (answer.status, answer.headers["location"]) == (status, "http://169.254.169.254/")


def test_a_long_body_is_cut_for_a_probe_and_refused_for_an_api() -> None:
    long = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000
    answer = get(long)
    assert (len(answer.body), answer.cut) == (1000, True)
    with tcp_server(said(long)) as port:
        fails(
            lambda: http_probe.request(local(), "GET", URL, port=port, max_bytes=1000),
            "output_too_large",
        )
    assert get(long, max_bytes=5000).cut is False


def test_chunks() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert get(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body == b"abcde"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "link_lost"),
        (OK[:-1], "link_lost"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "link_lost"),
        (b"220 mail.example ESMTP\r\n", "garbage"),
        (b"\x00\xff" * 1000, "garbage"),
        (b"HTTP/1.1 abc\r\n\r\n", "garbage"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "garbage"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "garbage"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "link_lost"),
    ],
)
def test_answers_that_are_none(answer: bytes, code: str) -> None:
    assert "here: 127.0.0.1:" in fails(lambda: get(answer), code).message


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        connection.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            if not connection.recv(65536):
                return


@pytest.mark.parametrize("handler", [until_closed, drip])
def test_silence_and_dripping_end_at_the_deadline(handler: Callable[[socket.socket], None]) -> None:
    with tcp_server(handler) as port:
        started = time.monotonic()
        fails(lambda: http_probe.get(local(), URL, port=port, timeout_s=0.5), "timeout")
        assert time.monotonic() - started < 2


def test_nothing_listens() -> None:
    fails(lambda: http_probe.get(local(), URL, port=free_port()), "port_closed")


def tls(handler: Callable[[ssl.SSLSocket], None]) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        with (
            contextlib.suppress(ssl.SSLError),
            _server_context().wrap_socket(connection, server_side=True) as wrapped,
        ):
            handler(wrapped)

    return handle


def test_tls() -> None:
    names: list[str | None] = []
    context = _server_context()
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    body = b"x" * 300_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body
    try:
        with tcp_server(tls(said(answer))) as port:
            found = http_probe.get(local(), "https://shop.example/", port=port, max_bytes=300_000)
    finally:
        context.sni_callback = None
    assert found.body == body
    assert names == ["shop.example"]
    certificate = x509.load_der_x509_certificate(found.certificate_der or b"")
    assert certificate.subject.rfc4514_string() == "CN=fake.example"


@pytest.mark.parametrize("answer", [OK, b""])
def test_tls_that_fails(answer: bytes) -> None:
    with tcp_server(said_at_once(answer)) as port:
        error = fails(
            lambda: http_probe.get(local(), "https://a.example/", port=port), "tls_failed"
        )
    assert "TLS failed" in error.message


def said_at_once(answer: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return handle


def test_a_body_cut_off_within_tls() -> None:
    with tcp_server(tls(said(OK[:-1]))) as port:
        fails(lambda: http_probe.get(local(), "https://a.example/", port=port), "link_lost")


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a/", "//a/", "http:///x", "http://u:p@a/", "http://a:0/", "http://a:99999/"]
    + [
        "http://a\r\n.b/",
        "http://a/\nX: y",
        "file:///etc/passwd",
        "http://[::1",
        "http://a/" + "x" * 5000,
    ],
)
def test_a_url_is_a_url(url: str) -> None:
    fails(lambda: http_probe.get(FakeHost(), url), "bad_argument")


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X": "\ud800"}])
def test_headers_and_methods_cannot_smuggle(headers: dict[str, str]) -> None:
    host = FakeHost()
    host.serve(80, lambda request: FakeAnswer())
    fails(lambda: http_probe.get(host, URL, headers=headers), "bad_argument")
    fails(lambda: http_probe.request(host, "GET / HTTP/1.1\r\n", URL), "bad_argument")


@pytest.mark.parametrize("host", [FakeHost(), local()], ids=["fake", "local"])
@pytest.mark.parametrize(("address", "port"), [("", 80), ("a b", 80), ("a\n", 80), ("a", 70_000)])
def test_an_address_is_an_address(host: HostDriver, address: str, port: int) -> None:
    fails(lambda: http_probe.get(host, URL, address=address, port=port), "bad_argument")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_in_memory_answers_alike(scheme: str) -> None:
    host, seen = FakeHost(), list[FakeRequest]()

    def shop(request: FakeRequest) -> FakeAnswer:
        seen.append(request)
        return FakeAnswer(201, request.body * 100_000, {"ETag": '"1"'})

    host.serve(8080, shop, address="10.0.0.9", tls=scheme == "https")
    url = f"{scheme}://shop.example/x?y=1"
    where: dict[str, Any] = {"address": "10.0.0.9", "port": 8080}
    answer = http_probe.request(host, "PUT", url, body=b"abc", **where)
    assert (answer.status, answer.body, answer.headers["etag"]) == (201, b"abc" * 100_000, '"1"')
    assert (answer.certificate_der is None) == (scheme == "http")
    assert (seen[0].method, seen[0].path, seen[0].body) == ("PUT", "/x?y=1", b"abc")
    assert seen[0].headers["host"] == "shop.example"
    host.hang_up(8080, address="10.0.0.9")
    fails(lambda: http_probe.get(host, url, **where), "port_closed")


@pytest.fixture
def tls_port(lab: Lab) -> Iterator[int]:
    """A real web server with a certificate of its own on web1."""
    folder = "/root/tls"
    lab.web1.run("mkdir", "-p", folder)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=shop.lab")
    files = ("-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem")
    lab.web1.run("openssl", "req", "-x509", "-nodes", "-days", "2", *new, *files)
    given = (
        "-cert",
        f"{folder}/cert.pem",
        "-key",
        f"{folder}/key.pem",
        "-accept",
        "127.0.0.1:4433",
    )
    server = lab.web1.start_daemon(
        "openssl", "s_server", "-quiet", "-www", *given, log="/root/tls/log"
    )
    wait_until(
        lambda: ":1151 " in lab.web1.run("cat", "/proc/net/tcp").stdout,
        what="it listens",
        timeout_s=10,
    )
    yield 4433
    server.kill()


@pytest.mark.lab
@pytest.mark.parametrize(
    ("name", "user"), [("web1", "root"), ("web2", "deploy"), ("web2", "guest")]
)
def test_a_site_of_a_real_host(lab: Lab, name: str, user: str) -> None:
    with opened(lab.hosts[name], user=user) as host:
        for _ in range(6):  # more often than there are channels
            answer = http_probe.get(host, "http://shop.example/", port=8080)
            assert (answer.status, answer.body) == (200, b"shop\n")
        assert http_probe.get(host, "http://shop.example/none", port=8080).status == 404
        fails(lambda: http_probe.get(host, "http://shop.example:9/"), "port_closed")
        fails(
            lambda: http_probe.get(host, "http://x.example:80/", address="nowhere"), "name_unknown"
        )
        assert host.calls.slots.taken == 0


@pytest.mark.lab
def test_tls_of_a_real_host(lab: Lab, tls_port: int) -> None:
    with opened(lab.web1) as host:
        answer = http_probe.get(host, "https://shop.lab/", port=tls_port)
    assert answer.status == 200
    certificate = x509.load_der_x509_certificate(answer.certificate_der or b"")
    assert certificate.subject.rfc4514_string() == "CN=shop.lab"


@pytest.mark.lab
def test_what_stands_in_the_way_to_a_real_host(lab: Lab) -> None:
    with opened(lab.web1) as host:
        host.run(("true",))
        lab.web1.black_hole()
        started = time.monotonic()
        fails(lambda: http_probe.get(host, URL, port=8080, timeout_s=1), "link_lost")
        assert time.monotonic() - started < 8
    lab.web1.heal()
    lab.web1.configure_sshd(AllowTcpForwarding="no")
    with opened(lab.web1) as host:
        error = fails(lambda: http_probe.get(host, URL, port=8080), "forward_refused")
        assert isinstance(error, DriverError)
        assert host.calls.slots.taken == 0
