"""Whether terminals may be opened on a host, and whether each must be recorded."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op
from sites.models import Host

_SAID = {
    "strict": "Terminals of {0} are only open while they are recorded.",
    "buffered": "Terminals of {0} are recorded as far as possible.",
    "off": "No terminals are opened on {0}. What is open goes on to its end.",
}


class Terminals(BaseModel):
    """``strict``: no recording, no terminal; ``buffered``: a failed recording is told; ``off``."""

    model_config = ConfigDict(extra="forbid")
    terminals: Literal["strict", "buffered", "off"]


def set_terminals(op: Op, host: HostDriver) -> None:
    row: Host = op.target
    before, row.terminals = row.terminals, op.params.terminals
    row.save(update_fields=["terminals"])
    op.remember(before={"terminals": before}, after={"terminals": row.terminals})
    op.conclude(_SAID[row.terminals].format(row.name))
