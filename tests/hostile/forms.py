"""Every form of the console, found on the pages themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin

from django.test import Client
from django.urls import get_resolver

from provisioning.operations import verbs_of
from tests.siteflow.things import SLUG

_KEY: Final = re.compile(r"/([0-9]+|[0-9a-f-]{36})(?=/)")
_NOT_TYPED: Final = {"csrfmiddlewaretoken", "next"}
_CHOSEN: Final = {"hidden", "checkbox", "radio", "submit", "button"}
_MAKES_NO_PAGE: Final = ("api/", "static/", "admin/jsi18n", "admin/r/", "admin/(?P<url>")


@dataclass
class Form:
    """``values``: what a browser would send as it stands. ``typed``: the fields for any text."""

    url: str
    method: str
    values: dict[str, Any] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    chosen: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        return sorted((self.typed | self.chosen) - _NOT_TYPED)

    @property
    def thing(self) -> str:
        """What its fields tell of: a kind of thing or, as each means its own by them, a verb."""
        parts = self.url.partition("?")[0].split("/")
        return "/".join(parts[:4] + parts[5:] if "do" in parts else parts[:4])

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """Forms that differ in the thing they are about only are the same; steps are not."""
        path = self.url.partition("?")[0]
        if "/set-up/" not in path:
            path = _KEY.sub("/N", path)
        return path, self.method, tuple(self.names)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


class _Page(HTMLParser):
    """``found``: its forms; ``links``: where it leads."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__()
        self._url, self.found, self.links = url, list[Form](), list[str]()
        self._open: Form | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").lower()
            self._open = Form(urljoin(self._url, given.get("action") or self._url), method)
            self.found.append(self._open)
        elif tag == "a" and "href" in given:
            self.links.append(urljoin(self._url, given["href"]).partition("#")[0])
        elif self._open is not None and tag in ("input", "textarea", "select", "button"):
            self._add(self._open, tag, given)

    def _add(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "")
        if not name:
            return
        is_chosen = tag in ("select", "button") or kind in _CHOSEN
        (form.chosen if is_chosen else form.typed).add(name)
        if kind not in ("checkbox", "radio") or "checked" in given:
            form.values.setdefault(name, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = None if tag == "form" else self._open


def pages(things: dict[str, int]) -> list[str]:
    """The address of every page, with the keys of things that exist."""
    found = []
    for pattern in _patterns(get_resolver()):
        if pattern.startswith(_MAKES_NO_PAGE) or "uuid" in pattern:
            continue
        kind = next((one for one in things if f"/{one}/" in pattern), "")
        url = f"/{pattern.removesuffix('$')}"
        url = url.replace("<slug:slug>", SLUG)
        for blank in ("<path:object_id>", "<int:key>", "<id>", "<int:pk>"):
            url = url.replace(blank, str(things.get(kind, 1)))
        found += (
            [url.replace("<str:kind>", one) for one in _verbs(kind)] if "<str" in url else [url]
        )
    return [url for url in found if "<" not in url]


def _verbs(kind: str) -> list[str]:
    return [verb.kind for verb in verbs_of(kind)]


def _patterns(resolver: Any, before: str = "") -> list[str]:
    found = []
    for one in resolver.url_patterns:
        path = before + str(one.pattern)
        found += _patterns(one, path) if hasattr(one, "url_patterns") else [path]
    return found


def forms(
    client: Client, begin: Iterable[str], *, under: tuple[str, ...] = ("/admin/", "/account/")
) -> list[Form]:
    """Of these pages and all they lead to under these addresses, each form once."""
    found: dict[Any, Form] = {}
    pending, seen = list(begin), set[str]()
    while pending:
        url = pending.pop(0)
        if url in seen or not _is_worth_a_look(url, under):
            continue
        seen.add(url)
        answer = client.get(url)
        assert answer.status_code < 500, url
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            page = _Page(url, answer.content.decode())
            pending += page.links
            for form in page.found:
                if form.names and "logout" not in form.url and form.url.startswith(under):
                    found.setdefault(form.key, form)
    return list(found.values())


def _is_worth_a_look(url: str, under: tuple[str, ...]) -> bool:
    """Lists in another order or with a filter have the same forms; some pages are about one."""
    path, _, query = url.partition("?")
    return path.startswith(under) and (not query or query.startswith(("tab=", "template=")))
