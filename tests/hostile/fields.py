"""Every field of the API, found in its OpenAPI document, and a request that is right but for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from siteflow.api import api
from tests.siteflow import permission_table as table

METHODS = ("get", "post", "put", "patch", "delete")
_SAID = {"title", "description", "default"}  # of a schema, to who reads it


@dataclass(frozen=True)
class Field:
    """``reader``: the same for all that are read alike, wherever they are."""

    place: str  # path, query, header or body
    name: str
    reader: str


@dataclass(frozen=True)
class Address:
    """One operation of the API. ``schema``: of its body's properties, by name."""

    method: str
    path: str
    fields: tuple[Field, ...]
    schema: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def baseline(self) -> dict[str, Any]:
        """A body that is taken as it is."""
        body = table.API[self.method, self.path].body
        return dict(body) if isinstance(body, dict) else {}


def document() -> dict[str, Any]:
    return json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))  # type: ignore[no-any-return]


def addresses() -> list[Address]:
    described = document()
    schemas = described["components"]["schemas"]
    return [
        _address(method, path, operation, schemas)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def _address(method: str, path: str, operation: Any, schemas: Any) -> Address:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    properties = _properties(body.get("schema", {}), schemas)
    fields = [
        Field(one["in"], one["name"], _reader(one["in"], one["name"], one["schema"]))
        for one in operation.get("parameters", ())
    ]
    fields += [
        Field("body", name, _reader("body", name, schema)) for name, schema in properties.items()
    ]
    return Address(method, path, tuple(fields), properties)


def _reader(place: str, name: str, schema: dict[str, Any]) -> str:
    """Its place and schema; and its name, too, where any text may be right."""
    kinds = {key: value for key, value in schema.items() if key not in _SAID}
    text = json.dumps(kinds, sort_keys=True)
    is_text = any(word in text for word in ('"string"', '"array"', '"object"', "$ref"))
    return f"{place} {name if is_text else ''} {text}"


def homes() -> dict[str, str]:
    """Of each reader the address that stands for all that have it: the shortest one."""
    found: dict[str, str] = {}
    for address in sorted(addresses(), key=lambda one: one.path.strip("/").count("/")):
        for field in address.fields:
            found.setdefault(field.reader, str(address))
    return found


def _properties(schema: Any, schemas: Any) -> dict[str, Any]:
    for one in (schema, *schema.get("anyOf", ())):
        if "$ref" in one:
            return dict(schemas[one["$ref"].rpartition("/")[2]].get("properties", {}))
    return dict(schema.get("properties", {}))


@dataclass(frozen=True)
class Request:
    """What to send, with ``text`` in each of these fields."""

    address: Address
    fields: frozenset[Field]
    text: str

    def url(self, path: str) -> str:
        """``path`` is the address with the keys of things that exist."""
        for field in self._of("path"):
            before, _, after = self.address.path.partition(f"{{{field}}}")
            path = before + quote(self.text, safe="", errors="surrogatepass") + after
        query = [(name, self.text) for name in self._of("query")]
        return f"{path}?{urlencode(query, errors='surrogatepass')}" if query else path

    def body(self, baseline: dict[str, Any]) -> str:
        """Texts as they are; where the API takes a list, a list of it."""
        if self.address.method == "get":
            return ""
        given = {name: self._as(self.address.schema[name]) for name in self._of("body")}
        return json.dumps({**baseline, **given})

    def headers(self) -> dict[str, str]:
        return dict.fromkeys(self._of("header"), self.text)

    def _of(self, place: str) -> Iterable[str]:
        return sorted(field.name for field in self.fields if field.place == place)

    def _as(self, schema: Any) -> Any:
        types = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
        if "array" in types:
            return [self.text]
        return {self.text: self.text} if "object" in types else self.text
