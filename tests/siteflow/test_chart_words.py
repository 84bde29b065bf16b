from __future__ import annotations

import pytest

from siteflow.templatetags.charts import amount


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "percent", "–"),
        (0.0, "percent", "0 %"),
        (12.34, "percent", "12.3 %"),
        (173.9, "percent", "174 %"),
        (24.0, "count", "24"),
        (1536.0, "bytes", "1.5 KiB"),
        (1536.0, "rate", "1.5 KiB/s"),
        (0.0, "rate", "0 B/s"),
    ],
)
def test_amounts(value: float | None, unit: str, text: str) -> None:
    assert amount(value, unit) == text
