"""The seal of an entry: SHA-256 over all it says and over the seal of the entry before it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from audit.address import parse_address
from audit.models import Entry

SEALED_FIELDS = tuple(
    field.attname for field in Entry._meta.concrete_fields if field.attname != "hash"
)

LATER = ("host_id", "site_id")


def seal(values: Mapping[str, Any]) -> str:
    """The hash of an entry given as a mapping of field names to values as the database has them.

    The text hashed is JSON with sorted keys, no spaces and only ASCII, times as ISO 8601 in UTC:
    whoever holds an exported line can take "hash" out of it and compute it again with any tool.
    """
    return sha256(canonical_json(portable(values)).encode("ascii")).hexdigest()


def portable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The sealed fields as plain JSON values, spelled the same whichever database they are from.

    Fields that came later are left out where they say nothing: older seals stay true.
    """
    return {
        **{
            name: values[name]
            for name in SEALED_FIELDS
            if name not in LATER or values[name] is not None
        },
        "at": iso_utc(values["at"]),
        "remote_addr": _one_spelling(values["remote_addr"]),
    }


def _one_spelling(remote_addr: str | None) -> str | None:
    """PostgreSQL writes some IPv6 addresses another way than it was given them."""
    return str(parse_address(remote_addr)) if remote_addr else None


def iso_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def canonical_json(content: Mapping[str, Any]) -> str:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
