"""Labels that say whose a thing is: Docker and SiteFlow give them, nobody else."""

from __future__ import annotations

from typing import Final

# The first three are reserved by Docker's own guide to labels; by the last SiteFlow knows its own.
RESERVED: Final = ("com.docker.", "io.docker.", "org.dockerproject.", "siteflow.")


def is_reserved(name: str) -> bool:
    return name.lower().startswith(RESERVED)
