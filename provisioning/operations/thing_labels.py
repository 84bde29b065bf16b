"""Labels of what is made by hand, and the one that says which operation made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from provisioning.operations.contract import Op

NAME_PATTERN: Final = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"
_MADE_BY: Final = "siteflow.operation"
# By these Docker, Compose and SiteFlow know their own.
_RESERVED: Final = ("com.docker.", "io.docker.", "org.dockerproject.", "siteflow.")


def _label(text: str) -> str:
    key, equals, _ = text.partition("=")
    if not equals or not key.strip() or key != key.strip():
        raise ValueError("write NAME=VALUE")
    if key.lower().startswith(_RESERVED):
        raise ValueError(f"labels that begin with {', '.join(_RESERVED)} are not for this")
    return text


Label = Annotated[str, Field(max_length=1000), AfterValidator(_label)]


def labels_for(op: Op, given: Iterable[str]) -> dict[str, str]:
    told = (one.partition("=") for one in given)
    return {key: value for key, _, value in told} | {_MADE_BY: str(op.row.pk)}


def is_own(op: Op, labels: Mapping[str, str]) -> bool:
    """Made by this operation, by a worker that died before it could say so."""
    return labels.get(_MADE_BY) == str(op.row.pk)
