"""Pure functions from the Engine API's JSON to things.py, as careful as parse_container.py."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import storable
from provisioning.drivers.parse_container import labels_of, parse_time
from provisioning.drivers.things import DiskUsage, ImageState, NetworkState, VolumeState

MAX_ROWS: Final = 10_000
_MAX_NAME: Final = 512
_MAX_NAMES: Final = 200
_MAX_SIZE: Final = 2**63 - 1
_YEAR_3000: Final = 32_503_680_000
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
        created_at=parse_time(data.get("Created")),
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
        created_at=_created(data.get("Created")),
    )


def registry_digest(value: object) -> str:
    """Of ``GET /distribution/{name}/json``."""
    descriptor = _mapping(value, "answer of a registry").get("Descriptor")
    found = descriptor if isinstance(descriptor, dict) else {}
    digest = found.get("digest", found.get("Digest"))
    return _matching(digest, _IMAGE_ID, "digest of a registry")


def disk_usage(value: object) -> DiskUsage:
    """Of ``GET /system/df``. Docker says -1 of what it did not measure: that is left out."""
    data = _mapping(value, "disk usage")
    volumes, images = rows(data.get("Volumes"), "volumes"), rows(data.get("Images"), "images")
    sizes = (_volume_size(row) for row in volumes if isinstance(row, dict))
    own = (_own_size(row) for row in images if isinstance(row, dict))
    return DiskUsage(
        volumes={name: size for name, size in sizes if name and size is not None},
        images={name: size for name, size in own if size is not None},
    )


def _volume_size(row: dict[str, Any]) -> tuple[str, int | None]:
    usage = row.get("UsageData")
    size = usage.get("Size") if isinstance(usage, dict) else None
    return _text(row.get("Name")), _measured(size)


def _own_size(row: dict[str, Any]) -> tuple[str, int | None]:
    """What goes with the image alone: layers that others have as well stay."""
    whole, shared = _measured(row.get("Size")), _measured(row.get("SharedSize"))
    own = None if whole is None or shared is None else max(0, whole - shared)
    return _text(row.get("Id")), own


def _measured(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_SIZE else None


def _created(value: object) -> datetime | None:
    """RFC 3339 of a single one, seconds since 1970 in a listing."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _YEAR_3000:
        return datetime.fromtimestamp(value, UTC)
    return parse_time(value)


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
