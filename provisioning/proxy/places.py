"""Where on a host the proxy is: its folder, its compose project, its admin API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from provisioning.drivers import caddy_install, host_files, http_probe
from provisioning.drivers.caddy_admin import Admin, Answer
from provisioning.drivers.caddy_vhost import Acme, Folders
from provisioning.drivers.compose import Project
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.proxy.models import Proxy
from sites.models import Host

LOAD_TIMEOUT_S = 60.0  # Caddy prepares all of a configuration before it answers


def proxy_of(row: Host) -> Proxy:
    """Raises DriverError when the host has none."""
    proxy = Proxy.objects.filter(host=row).first()
    if proxy is None:
        raise DriverError(f"{row.name} has no proxy yet.", "proxy_missing")
    return proxy


def folder_of(row: Host) -> str:
    return f"{row.sites_root}/{caddy_install.FOLDER}"


def upstreams_of(row: Host) -> str:
    return f"{folder_of(row)}/{caddy_install.UPSTREAMS}"


def project_of(row: Host) -> Project:
    return Project(caddy_install.PROJECT, folder_of(row))


def folders_of(row: Host, proxy: Proxy) -> Folders:
    """As Caddy itself sees them: a service of the host sees what the host sees."""
    if not proxy.is_service:
        return Folders()
    return Folders(upstreams=upstreams_of(row), acme=_acme_folder(row))


def acme_of(row: Host, proxy: Proxy) -> Acme:
    """As the settings say."""
    root = f"{folders_of(row, proxy).acme}/{caddy_install.ROOT_FILE}"
    return Acme(settings.ACME_DIRECTORY, root if settings.ACME_CA_ROOT else "")


def put_acme_root(host: HostDriver, row: Host) -> None:
    """What Caddy is to trust the ACME authority's address by, where settings name it."""
    if not settings.ACME_CA_ROOT:
        return
    try:
        data = Path(settings.ACME_CA_ROOT).read_bytes()
    except OSError as error:
        raise DriverError(f"ACME_CA_ROOT cannot be read: {error.strerror}", "bad_setting") from None
    host_files.make_folder(host, _acme_folder(row), mode=0o755, sudo=row.sudo)
    path = f"{_acme_folder(row)}/{caddy_install.ROOT_FILE}"
    host_files.write(host, path, data, mode=0o644, sudo=row.sudo)


def _acme_folder(row: Host) -> str:
    return f"{folder_of(row)}/{caddy_install.ACME}"


def admin_of(host: HostDriver, row: Host, proxy: Proxy) -> Admin:
    """The admin API, with the word that it asks for if we have installed it."""

    def send(method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        return http_probe.request(
            host,
            method,
            f"http://127.0.0.1:{proxy.admin_port}{path}",
            port=proxy.admin_port,
            timeout_s=LOAD_TIMEOUT_S,
            headers=headers,
            body=body or None,
        )

    return Admin(send, host=row.name, origin="" if proxy.is_service else origin(host, row))


def origin(host: HostDriver, row: Host) -> str:
    path = f"{folder_of(row)}/{caddy_install.CONFIG_FILE}"
    return caddy_install.origin_of(host_files.read(host, path, sudo=row.sudo) or b"")
