"""Caddy's whole configuration as values: which part of it is ours, and how ours gets into it.

What is ours carries an ``@id`` that begins with ``siteflow:`` (Caddy keeps these names beside the
objects and ignores them otherwise). Each route's tells the digest of its vhost, and a log entry
that writes nowhere, the *mark*, the digest of all that is ours. So a change made by hand shows by
itself, and nothing has to be kept elsewhere for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any, Final

from provisioning.drivers.caddy_json import (
    FILLED,
    OURS,
    is_ours,
    listens,
    logs_of,
    made,
    named,
    policies_of,
    port_of,
    prune,
    routes_of,
    servers_of,
    without_id,
)
from provisioning.drivers.caddy_vhost import Block, Json, logger_name

MARK: Final = "siteflow_mark"
_ROUTE, _LOG, _TLS, _SERVER, _MARKED = (
    f"{OURS}{kind}:" for kind in ("route", "log", "tls", "server", "mark")
)
# The last route of a server of ours: without it, Caddy answers 200 with nothing to any name.
_NOWHERE: Final = {
    "handler": "static_response", "status_code": 404, "body": "There is no such site here.\n"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A vhost of ours as the configuration has it, and the digest it was loaded with."""

    block: Block
    told: str

    @property
    def is_edited(self) -> bool:
        return digest(asdict(self.block))[:16] != self.told


def digest(value: Any) -> str:
    """SHA-256 in hex of the value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def found(config: Json) -> dict[str, Found]:
    """The vhosts of ours by name."""
    parts: dict[str, dict[str, Any]] = {}
    told: dict[str, str] = {}
    for name, kind, part in _parts(config):
        name, _, told_digest = name.partition(":")
        told[name] = told_digest or told.get(name, "")
        parts.setdefault(name, {})[kind] = without_id(part)
    return {name: Found(Block(**one), told[name]) for name, one in parts.items()}


def _parts(config: Json) -> Iterator[tuple[str, str, Json]]:
    for server in servers_of(config).values():
        kind = "https" if listens(server, port_of(config, "https")) else "http"
        yield from ((name, kind, one) for one in routes_of(server) if (name := named(one, _ROUTE)))
    for policy in policies_of(config):
        if name := named(policy, _TLS):
            yield name, "tls", policy
    for entry in logs_of(config).values():
        if name := named(entry, _LOG):
            yield name, "log", entry


def ours(config: Json) -> Json:
    """All that is ours but the mark; empty where nothing is."""
    servers = servers_of(config)
    routes = {
        name: [route for route in routes_of(server) if is_ours(route)]
        for name, server in servers.items()
        if not is_ours(server)
    }
    logs = {name: one for name, one in logs_of(config).items() if is_ours(one)}
    parts: Json = {
        "servers": {name: server for name, server in servers.items() if is_ours(server)},
        "routes": {name: several for name, several in routes.items() if several},
        "policies": [policy for policy in policies_of(config) if is_ours(policy)],
        "logs": {name: one for name, one in logs.items() if not named(one, _MARKED)},
    }
    return {name: part for name, part in parts.items() if part}


def mark_of(config: Json) -> str:
    """The digest of ours when SiteFlow last loaded it; empty: it never did."""
    return named(logs_of(config).get(MARK), _MARKED)


def is_edited(config: Json) -> bool:
    """Whether somebody else has changed what is ours. Where nothing is left, nothing is lost."""
    part = ours(config)
    return bool(part) and digest(part) != mark_of(config)


def without_ours(config: Json) -> Json:
    """What is others'. Folders that our parts alone have filled are gone as well."""
    left = deepcopy(config)
    servers, logs, policies = made(left, *FILLED[0]), made(left, *FILLED[2]), policies_of(left)
    for name, server in servers_of(left).items():
        if is_ours(server):
            del servers[name]
        elif any(is_ours(route) for route in routes_of(server)):
            server["routes"] = [route for route in routes_of(server) if not is_ours(route)]
    policies[:] = [policy for policy in policies if not is_ours(policy)]
    for name in [name for name, entry in logs.items() if is_ours(entry)]:
        del logs[name]
    for path in FILLED:
        prune(left, path)
    return left


def merged(config: Json, blocks: Mapping[str, Block], *, clean: bool = False) -> Json:
    """The configuration with these vhosts as the only ones of ours; what is others' stays.

    ``clean`` also takes back what somebody has changed by hand within a server of ours. Without
    it such a change stays, and goes on to show.
    """
    edited = is_edited(config) and not clean
    before = found(config) if edited else {}
    whole = without_ours(config)
    for kind in ("https", "http"):
        routes = [
            {"@id": f"{_ROUTE}{name}:{_told(one, before.get(name))}", **getattr(one, kind)}
            for name, one in sorted(blocks.items())
            if getattr(one, kind)
        ]
        kept = servers_of(config).get(f"siteflow_{kind}") if edited else None
        _put_routes(whole, kind, routes, kept)
    if policies := _with_ids(blocks, "tls", _TLS):
        # Caddy takes the first policy that fits: others' may be for every name.
        there = policies_of(whole)
        made(whole, "apps", "tls", "automation")["policies"] = [*policies, *there]
    logs = made(whole, "logging", "logs")
    for entry in _with_ids(blocks, "log", _LOG):
        logs[logger_name(entry["@id"].removeprefix(_LOG))] = entry
    logs[MARK] = _mark(mark_of(config) if edited else digest(ours(whole)))
    return whole


def _told(one: Block, before: Found | None) -> str:
    """The digest that goes with a vhost; one that was edited by hand and stays goes on to show."""
    return before.told if before and before.block == one else digest(asdict(one))[:16]


def _put_routes(whole: Json, kind: str, routes: list[Json], kept: Json | None) -> None:
    """Into the server that has the port already, as no two can; else into one of our own."""
    servers, port = made(whole, "apps", "http", "servers"), port_of(whole, kind)
    theirs = next((one for one in servers_of(whole).values() if listens(one, port)), None)
    if theirs is None:
        own = deepcopy(kept) if is_ours(kept) and kept else _server(kind, port)
        extra = [route for route in routes_of(own) if not is_ours(route)]
        servers[f"siteflow_{kind}"] = {**own, "routes": [*routes, *extra, _last(kind)]}
    elif routes:
        theirs["routes"] = [*routes, *routes_of(theirs)]


def _server(kind: str, port: int) -> Json:
    server: Json = {"@id": f"{_SERVER}{kind}", "listen": [f":{port}"], "logs": {}, "routes": []}
    # Said outright: without a name to serve yet, the port would otherwise speak plain HTTP.
    return {**server, "tls_connection_policies": [{}]} if kind == "https" else server


def _last(kind: str) -> Json:
    return {"@id": f"{OURS}nowhere:{kind}", "handle": [dict(_NOWHERE)]}


def _mark(text: str) -> Json:
    return {"@id": f"{_MARKED}{text}", "writer": {"output": "discard"}, "include": [MARK]}


def _with_ids(blocks: Mapping[str, Block], kind: str, begin: str) -> list[Json]:
    return [
        {"@id": f"{begin}{name}", **getattr(one, kind)}
        for name, one in sorted(blocks.items())
        if getattr(one, kind)
    ]
