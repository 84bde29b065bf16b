"""A host in memory that serves certificates, and keeps some on disk."""

from __future__ import annotations

import socket
from typing import Any, Final

import pytest

from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_files import FakeFile
from provisioning.drivers.fake_web import FakeAnswer, FakeRequest
from provisioning.drivers.things import VolumeState
from sites.models import Domain, Host
from tests.provisioning.certificates.making import Made

STORE: Final = "/var/lib/docker/volumes/siteflow-proxy_data/_data/caddy/certificates"
NAME: Final = "shop.example.com"


def never(request: FakeRequest) -> FakeAnswer:
    raise AssertionError("a handshake asks for no page")


def serve(host: FakeHost, *chain: Made, port: int = 443) -> None:
    host.serve(port, never, pem=chain[0].key_pem + b"".join(one.pem for one in chain))


def with_volume(host: FakeHost) -> None:
    mountpoint = STORE.removesuffix("/caddy/certificates")
    host.volumes["siteflow-proxy_data"] = VolumeState(
        name="siteflow-proxy_data", driver="local", mountpoint=mountpoint, labels={},
        created_at=None,
    )  # fmt: skip
    host.files.folders[STORE] = 0o700


def store(host: FakeHost, one: Made | bytes, *, name: str = NAME, authority: str = "local") -> None:
    pem = one if isinstance(one, bytes) else one.pem
    host.files[f"{STORE}/{authority}/{name}/{name}.crt"] = FakeFile(pem)
    host.files[f"{STORE}/{authority}/{name}/{name}.key"] = FakeFile(b"never to be read")


def domain_of(host: Host, name: str = NAME, *, tls: str = "internal") -> Domain:
    from tests.provisioning.site_rows import make_site

    site = host.sites.first() or make_site(host)
    kind = "alias" if site.domains.exists() else "primary"
    return Domain.objects.create(site=site, host=host, name=name, tls=tls, kind=kind)


def resolve(monkeypatch: pytest.MonkeyPatch, **addresses: str) -> None:
    """What DNS says: names with their dots as underscores; all others are not there."""

    real = socket.getaddrinfo

    def getaddrinfo(name: str, port: Any, *more: Any, **given: Any) -> list[Any]:
        if name[-1:].isdecimal():  # an address: nobody is asked
            return list(real(name, port, *more, **given))
        address = addresses.get(name.replace(".", "_").replace("-", "_"))
        if address is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, 1, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
