"""A point as bytes: 7 significant digits a number, 12 bytes a metric."""

from __future__ import annotations

import math
import struct
from typing import Final

from monitoring.history.summaries import Summary, Summed
from monitoring.metrics import METRICS, SOURCES

_HEAD: Final = struct.Struct("<HB")  # minutes, source
_MOST: Final = 3.4e38
_UNKNOWN: Final = (math.nan,) * 3


def packed(kind: str, summed: Summed) -> bytes:
    head = _HEAD.pack(min(summed.minutes, 65_535), SOURCES.index(summed.source))
    values = [summed.values.get(name, _UNKNOWN) for name in METRICS[kind]]
    numbers = [_storable(number) for three in values for number in three]
    return head + struct.pack(f"<{len(numbers)}f", *numbers)


def _storable(number: float) -> float:
    return number if math.isnan(number) else max(-_MOST, min(_MOST, number))


def unpacked(kind: str, data: bytes) -> Summed:
    """What was packed before a metric was added lacks it."""
    minutes, source = _HEAD.unpack_from(data)
    numbers = struct.unpack(f"<{(len(data) - _HEAD.size) // 4}f", data[_HEAD.size :])
    values = {
        name: Summary(*numbers[first : first + 3])
        for name, first in zip(METRICS[kind], range(0, len(numbers) - 2, 3), strict=False)
        if not math.isnan(numbers[first])
    }
    return Summed(minutes, SOURCES[source], values)
