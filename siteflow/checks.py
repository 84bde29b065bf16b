"""Settings that are wrong are named at start, each with an id and what to write instead."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

# setting → (variable, lowest, highest)
_NUMBERS = {
    "QUARANTINE_DAYS": ("QUARANTINE_DAYS", 1, 3_650),
    "AUDIT_RETENTION_DAYS": ("AUDIT_RETENTION_DAYS", 1, 36_500),
    "AUDIT_MAX_OUTPUT_LENGTH": ("AUDIT_MAX_OUTPUT_LENGTH", 100, 1_000_000),
    "NAS_STALE_THRESHOLD_HOURS": ("NAS_STALE_THRESHOLD_HOURS", 1, 8_760),
    "TERMINAL_IDLE_S": ("TERMINAL_IDLE_S", 10, 86_400),
    "TERMINAL_MAX_S": ("TERMINAL_MAX_S", 10, 604_800),
    "TERMINALS_PER_ACCOUNT": ("TERMINALS_PER_ACCOUNT", 1, 1_000),
    "RECORDING_MAX_MB": ("RECORDING_MAX_MB", 1, 1_000),
    "RECORDINGS_MAX_MB": ("RECORDINGS_MAX_MB", 1, 1_000_000),
    "RECORDING_RETENTION_DAYS": ("RECORDING_RETENTION_DAYS", 1, 3_650),
    "MONITOR_INTERVAL_S": ("MONITOR_INTERVAL_S", 1, 3_600),
    "WORKERS": ("SITEFLOW_WORKERS", 1, 64),
    "RATE_ANONYMOUS": ("SITEFLOW_RATE_ANONYMOUS", 0, 1_000_000),
    "RATE_USER": ("SITEFLOW_RATE_USER", 0, 1_000_000),
    "RATE_CHANGES": ("SITEFLOW_RATE_CHANGES", 0, 1_000_000),
    "PORT": ("SITEFLOW_PORT", 1, 65_535),
}

# No braces: Caddy would take them for placeholders.
_DIRECTORY = re.compile(r"https://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?/[\w./~%-]{0,500}")
_ORIGIN = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?")


@register()
def settings_are_sound(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    return [
        *_numbers(),
        *_secret_key(),
        *_keys(),
        *_proxies(),
        *_urls(),
        *_origins(),
        *_acme(),
    ]


@register(Tags.security, deploy=True)
def strangers_come_by_https(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Over plain http, passwords and sessions can be read on the way. On one machine, nobody is."""
    if settings.DEBUG or settings.HTTPS:
        return []
    names = [name for name in settings.ALLOWED_HOSTS if not _is_local(name)]
    if not names and _is_local(settings.HOST):
        return []
    reached = f"as {names[0]}" if names else f"at {settings.HOST}"
    return [
        Warning(
            f"The console is reached {reached} without SITEFLOW_HTTPS.",
            hint="Let a proxy end TLS, name it in TRUSTED_PROXIES, and set SITEFLOW_HTTPS=on.",
            id="siteflow.W001",
        )
    ]


def _is_local(name: str) -> bool:
    if name.strip(".").lower() == "localhost" or name.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _numbers() -> Iterator[Error]:
    for name, (variable, low, high) in _NUMBERS.items():
        value = str(getattr(settings, name))
        if not value.isdigit() or not low <= int(value) <= high:
            yield Error(
                f"{variable} is {value!r}.",
                hint=f"Set a whole number from {low} to {high}.",
                id="siteflow.E001",
            )


def _secret_key() -> Iterator[Error]:
    """Who guesses it makes access tokens and cookies of their own."""
    if len(settings.SECRET_KEY) < 32:
        yield Error(
            "SECRET_KEY is shorter than 32 characters.",
            hint="Leave it unset to have one made, or give 50 random characters.",
            id="siteflow.E007",
        )


def _keys() -> Iterator[Error]:
    for position, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            yield Error(
                f"Key {position} of SITEFLOW_ENCRYPTION_KEYS is not a Fernet key.",
                hint="32 random bytes in URL-safe base64, newest first, separated by spaces.",
                id="siteflow.E002",
            )


def _proxies() -> Iterator[Error]:
    for proxy in settings.TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            yield Error(
                f"TRUSTED_PROXIES holds {proxy!r}.",
                hint="Give addresses or networks, such as 10.0.0.5 or 10.0.0.0/24.",
                id="siteflow.E003",
            )


def _origins() -> Iterator[Error]:
    for origin in settings.CORS_ORIGINS:
        if not _ORIGIN.fullmatch(origin):
            yield Error(
                f"CORS_ORIGINS holds {origin!r}.",
                hint="Give origins, each a scheme and a host: https://dashboard.example.org.",
                id="siteflow.E006",
            )


def _acme() -> Iterator[Error]:
    directory, root = settings.ACME_DIRECTORY, settings.ACME_CA_ROOT
    if directory and not _DIRECTORY.fullmatch(directory):
        yield Error(
            f"ACME_DIRECTORY is {directory!r}.",
            hint="Give the https address of a directory: https://acme.example.org/directory.",
            id="siteflow.E008",
        )
    if root and not (directory and _holds_certificates(Path(root))):
        yield Error(
            f"ACME_CA_ROOT is {root!r}, of no use.",
            hint="Name a readable PEM file of certificates, and set ACME_DIRECTORY as well.",
            id="siteflow.E009",
        )


def _holds_certificates(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError:  # an SSLError is one, too
        return False
    return True


def _urls() -> Iterator[Error]:
    if settings.REDIS_URL and not settings.REDIS_URL.startswith(("redis://", "rediss://", "unix:")):
        yield Error(
            "REDIS_URL has no scheme SiteFlow knows.",
            hint="Write redis://host:6379/0, rediss://… or unix:///path.",
            id="siteflow.E004",
        )
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        yield Error(
            f"DATABASE_URL selects {engine}.",
            hint="SQLite and PostgreSQL are supported: postgres://user:password@host:5432/name.",
            id="siteflow.E005",
        )
