"""What Docker says of networks, volumes and images (Engine API 1.41)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NetworkState:
    """``containers`` are the names of the running ones in it; only `network` tells them."""

    network_id: str
    name: str
    driver: str = ""
    internal: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    containers: tuple[str, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VolumeState:
    """``options`` may make it a folder of the host (type, o, device)."""

    name: str
    driver: str = ""
    mountpoint: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImageState:
    """``names`` are its tags, ``digests`` what registries call it (``nginx@sha256:…``)."""

    image_id: str
    names: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Bytes by the name of a volume and the id of an image; what is not known is not in there.

    Of an image only what no other one shares with it.
    """

    volumes: dict[str, int] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
