"""Pure functions from the Engine API's JSON to things.py, as careful as parse_container.py."""

from __future__ import annotations

import re
from typing import Any, Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import storable
from provisioning.drivers.parse_container import labels_of, parse_time
from provisioning.drivers.things import ImageState, NetworkState, VolumeState

MAX_ROWS: Final = 10_000
_MAX_NAME: Final = 512
_MAX_NAMES: Final = 200
_MAX_SIZE: Final = 2**63 - 1
_IMAGE_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")
_NETWORK_ID: Final = re.compile(r"[0-9a-z]{12,64}")


def network(value: object) -> NetworkState:
    """Of ``GET /networks`` or ``GET /networks/{name}``."""
    data = _mapping(value, "network")
    members = data.get("Containers")
    rows = list(members.values())[:MAX_ROWS] if isinstance(members, dict) else []
    return NetworkState(
        network_id=_matching(data.get("Id"), _NETWORK_ID, "network's id"),
        name=_named(data.get("Name"), "network"),
        driver=_text(data.get("Driver")),
        internal=data.get("Internal") is True,
        labels=labels_of(data.get("Labels")),
        containers=tuple(sorted(_text(row.get("Name")) for row in rows if isinstance(row, dict))),
    )


def volume(value: object) -> VolumeState:
    data = _mapping(value, "volume")
    return VolumeState(
        name=_named(data.get("Name"), "volume"),
        driver=_text(data.get("Driver")),
        mountpoint=_text(data.get("Mountpoint")),
        labels=labels_of(data.get("Labels")),
        options=labels_of(data.get("Options")),
        created_at=parse_time(data.get("CreatedAt")),
    )


def image(value: object) -> ImageState:
    """Of ``GET /images/json`` or ``GET /images/{name}/json``, which keeps labels elsewhere."""
    data = _mapping(value, "image")
    config = data.get("Config")
    labels = config.get("Labels") if isinstance(config, dict) else data.get("Labels")
    return ImageState(
        image_id=_matching(data.get("Id"), _IMAGE_ID, "image's id"),
        names=_texts(data.get("RepoTags")),
        digests=_texts(data.get("RepoDigests")),
        labels=labels_of(labels),
        size_bytes=_size(data.get("Size")),
        created_at=parse_time(data.get("Created")),  # seconds in a listing: left out
    )


def rows(value: object, what: str) -> list[object]:
    """A list of at most 10,000; an engine without any may say null."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise _garbage(what)
    return value


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _garbage(what)
    return value


def _named(value: object, what: str) -> str:
    name = _text(value)
    if not name:
        raise _garbage(f"{what}'s name")
    return name


def _matching(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _garbage(what)
    return value


def _text(value: object) -> str:
    return storable(value, limit=_MAX_NAME) if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    """Without Docker's ``<none>:<none>``."""
    found = value[:_MAX_NAMES] if isinstance(value, list) else []
    texts = (_text(one) for one in found)
    return tuple(sorted(text for text in texts if text and "<none>" not in text))


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= _MAX_SIZE else 0


def _garbage(what: str) -> DriverError:
    return DriverError(f"Docker's answer is no readable {what}", "garbage")
