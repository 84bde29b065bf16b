from __future__ import annotations

import pytest
from pytest_django import Settings

from siteflow.origin import is_ours


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("https://console.example", "console.example"),  # a proxy that ends TLS
        ("https://CONSOLE.example:443", "console.example"),
        ("http://console.example", "Console.Example:80"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://trusted.example:8443", "console.example"),
        ("https://a.wide.example", "console.example"),
    ],
)
def test_our_own_pages(settings: Settings, origin: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "[::1]", "console.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example:8443", "https://*.wide.example"]
    assert is_ours(origin=origin, host=host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("", "console.example"),
        ("null", "console.example"),
        ("http://evil.example", "console.example"),
        ("http://evil.example", "evil.example"),  # a name that was pointed at this machine
        ("http://console.example:81", "console.example"),
        ("https://console.example:80", "console.example"),
        ("http://console.example.evil.example", "console.example"),
        ("http://evil.example/console.example", "console.example"),
        ("http://trusted.example:8443", "console.example"),
        ("https://wide.example.evil.example", "console.example"),
        ("http://[", "console.example"),
        ("http://console.example:x", "console.example"),
        ("file://console.example", "console.example"),
        ("http://console.example", ""),
        ("http://console.example", "console.example:x"),
    ],
)
def test_all_others(settings: Settings, origin: str, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "[::1]", "console.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example:8443", "https://*.wide.example"]
    assert not is_ours(origin=origin, host=host)


def test_with_https_only_a_page_that_came_in_the_clear_is_not_ours(settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.HTTPS = ["console.example"], True
    assert is_ours(origin="https://console.example", host="console.example")
    assert not is_ours(origin="http://console.example", host="console.example")
