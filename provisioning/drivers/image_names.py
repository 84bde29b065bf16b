"""What an image may be called: https://github.com/distribution/reference, without odd forms."""

from __future__ import annotations

import re
from typing import Final

MAX_NAME: Final = 512
# Tag or digest included; no part may be . or .., which would lead a URL elsewhere.
IMAGE_NAME: Final = re.compile(
    r"[a-zA-Z0-9][a-zA-Z0-9_.-]*(?::[0-9]+(?=/))?(?:/[a-zA-Z0-9][a-zA-Z0-9_.-]*)*"
    r"(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
IMAGE_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")


def is_image_name(name: str) -> bool:
    """Also for an id, which looks like a name with a tag."""
    return len(name) <= MAX_NAME and IMAGE_NAME.fullmatch(name) is not None


def split_reference(name: str) -> tuple[str, str]:
    """Repository, and the tag or digest that is meant. The Engine takes no tag for all tags."""
    repository, at, digest = name.partition("@")
    before, colon, tag = repository.rpartition(":")
    has_tag = bool(colon) and "/" not in tag
    if at:
        return (before if has_tag else repository), digest
    return (before, tag) if has_tag else (name, "latest")


def full_name(name: str) -> str:
    """With the tag that is meant, and without what an Engine leaves out: as images are listed."""
    for prefix in ("docker.io/", "index.docker.io/"):
        if name.startswith(prefix):
            name = name.removeprefix(prefix).removeprefix("library/")
    if "@" in name:
        return name
    repository, tag = split_reference(name)
    return f"{repository}:{tag}"
