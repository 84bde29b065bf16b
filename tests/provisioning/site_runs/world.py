"""What a host of the lab really has, as its own root sees it: nothing of ours is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.lab.host import Host as LabHost

_FIND = ("find", "/srv", "-path", "/srv/siteflow/proxy/logs", "-prune", "-o", "-printf",
         "%y %m %p\\n")  # fmt: skip
_SUMS = ("sh", "-c", "find /srv -path /srv/siteflow/proxy/logs -prune -o -type f -print0"
         " | xargs -0 -r sha256sum")  # fmt: skip


@dataclass(frozen=True)
class World:
    """Equal when nobody could tell the difference. Containers are told by their ids."""

    containers: dict[str, str]
    networks: frozenset[str]
    volumes: frozenset[str]
    files: dict[str, str]
    vhosts: str


def world(host: LabHost) -> World:
    rows = host.docker("ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.State}}")
    sums = [line.split(None, 1) for line in host.run(*_SUMS).stdout.splitlines()]
    kinds = host.run(*_FIND).stdout.splitlines()
    return World(
        containers={
            name: rest for name, _, rest in (row.partition(" ") for row in rows.splitlines())
        },
        networks=frozenset(host.docker("network", "ls", "--format", "{{.Name}}").split()),
        volumes=frozenset(host.docker("volume", "ls", "--quiet").split()),
        files={name: digest for digest, name in sums} | dict.fromkeys(sorted(kinds), ""),
        vhosts=_vhosts(host),
    )


def _vhosts(host: LabHost) -> str:
    """Caddy's own configuration, as it is kept for its next start."""
    text = host.docker("exec", "caddy", "caddy", "version")
    assert text
    kept = host.run(
        "cat", "/var/lib/docker/volumes/siteflow-proxy_config/_data/caddy/autosave.json"
    ).stdout
    found: dict[str, Any] = json.loads(kept)
    return json.dumps(found, sort_keys=True)


def checksums(host: LabHost, volume: str) -> str:
    """Of all that is in a volume."""
    path = f"/var/lib/docker/volumes/{volume}/_data"
    return str(host.run("sh", "-c", f"cd {path} && find . -type f -exec sha256sum {{}} +").stdout)


def differences(one: World, other: World) -> list[str]:
    """In words, for a failing test."""
    found = []
    for name in ("containers", "files"):
        before, after = getattr(one, name), getattr(other, name)
        found += [f"{name}: {key}: {before.get(key)} → {after.get(key)}"
                  for key in sorted(before.keys() | after.keys())
                  if before.get(key) != after.get(key)]  # fmt: skip
    for name in ("networks", "volumes"):
        found += [f"{name}: {key}" for key in sorted(getattr(one, name) ^ getattr(other, name))]
    return found + (["vhosts"] if one.vhosts != other.vhosts else [])
