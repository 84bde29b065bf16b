"""Labels of what is made by hand, and the one that says which operation made it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from provisioning.drivers.reserved_labels import RESERVED, is_reserved
from provisioning.new_container.engine_config import MADE_BY
from provisioning.operations.contract import Op

NAME_PATTERN: Final = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"
_MAX_LABEL: Final = 1000


def _labels(told: list[str]) -> list[str]:
    for text in told:
        key, equals, _ = text.partition("=")
        if not equals or not key.strip() or key != key.strip() or len(text) > _MAX_LABEL:
            raise ValueError(f"write NAME=VALUE, of at most {_MAX_LABEL} characters")
        if is_reserved(key):
            raise ValueError(f"labels that begin with {', '.join(RESERVED)} are not for this")
    return told


Labels = Annotated[list[str], Field(max_length=50), AfterValidator(_labels)]


def labels_for(op: Op, given: Iterable[str]) -> dict[str, str]:
    """With a mark of this run alone: another SiteFlow may count operations on the same host."""
    if op.recall("mark") is None:
        op.remember(mark=uuid.uuid4().hex)
    told = (one.partition("=") for one in given)
    return {key: value for key, _, value in told} | {MADE_BY: op.recall("mark")}


def is_own(op: Op, labels: Mapping[str, str]) -> bool:
    """Made by this operation, by a worker that died before it could say so."""
    mark = op.recall("mark")
    return bool(mark) and labels.get(MADE_BY) == mark
