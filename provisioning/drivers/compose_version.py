"""Which Docker Compose a host has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioning.drivers.host import HostDriver

_VERSION = re.compile(r"v?(\d{1,4}\.\d{1,4}(?:\.\d{1,4})?[0-9A-Za-z.+~-]{0,40})")


@dataclass(frozen=True, slots=True)
class Compose:
    """``command`` is what to begin an argv with; ``version`` is Compose's own, e.g. 2.29.7."""

    command: tuple[str, ...]
    version: str

    @property
    def old(self) -> bool:
        """Version 1: it can be read and started, not more."""
        return self.version.startswith("1.")


def find_compose(host: HostDriver, *, sudo: bool = False) -> Compose | None:
    """The plugin (``docker compose``), else ``docker-compose``, else None."""
    for command in (("docker", "compose"), ("docker-compose",)):
        result = host.run((*command, "version", "--short"), sudo=sudo)
        found = parse_version(result.stdout) if result.exit_code == 0 else ""
        if found:
            return Compose(command, found)
    return None


def parse_version(text: str) -> str:
    """``2.29.7`` from what ``version --short`` prints, "" if it prints something else."""
    for line in text.splitlines():
        if found := _VERSION.fullmatch(line.strip()):
            return found[1]
    return ""
