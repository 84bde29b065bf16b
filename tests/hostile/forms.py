"""Every form of the console, found on the pages themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin

from django.test import Client
from django.urls import get_resolver

_NOT_TYPED: Final = {"csrfmiddlewaretoken", "next"}
_MAKES_NO_PAGE: Final = ("api/", "static/", "admin/jsi18n", "admin/r/", "admin/(?P<url>")


@dataclass
class Form:
    url: str
    method: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return sorted(set(self.values) - _NOT_TYPED)

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        return self.url.partition("?")[0], self.method, tuple(self.names)


class _Forms(HTMLParser):
    def __init__(self, url: str, html: str) -> None:
        super().__init__()
        self._url, self.found = url, list[Form]()
        self._open: Form | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").lower()
            self._open = Form(urljoin(self._url, given.get("action") or self._url), method)
            self.found.append(self._open)
        elif self._open is not None and tag in ("input", "textarea", "select", "button"):
            self._add(self._open, given)

    def _add(self, form: Form, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "")
        if name and (kind not in ("checkbox", "radio") or "checked" in given):
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
        for blank in ("<path:object_id>", "<int:key>", "<id>", "<int:pk>"):
            url = url.replace(blank, str(things.get(kind, 1)))
        verb = "kill" if kind == "container" else "rotate-key" if kind == "host" else "tag"
        found.append(url.replace("<str:kind>", f"{kind}.{verb}").replace("<slug:what>", "x"))
    return found


def _patterns(resolver: Any, before: str = "") -> list[str]:
    found = []
    for one in resolver.url_patterns:
        path = before + str(one.pattern)
        found += _patterns(one, path) if hasattr(one, "url_patterns") else [path]
    return found


def forms(client: Client, things: dict[str, int]) -> list[Form]:
    """Each once, with what a browser would send as it stands."""
    found: dict[Any, Form] = {}
    for url in pages(things):
        answer = client.get(url)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            for form in _Forms(url, answer.content.decode()).found:
                if form.names and "logout" not in form.url:
                    found.setdefault(form.key, form)
    return list(found.values())
