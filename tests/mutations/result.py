"""What a run found, whole or in parts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Result:
    """Names of checks; ``noticed`` with the first answer that was wrong."""

    noticed: dict[str, str] = field(default_factory=dict)
    survived: list[str] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    displayed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.survived or self.unmet or self.broken)

    def add(self, other: Result) -> None:
        self.noticed |= other.noticed
        for name in ("survived", "unmet", "locked", "displayed", "broken"):
            getattr(self, name).extend(getattr(other, name))

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Result:
        return cls(**json.loads(path.read_text()))

    def __str__(self) -> str:
        lines = ["", *(f"BROKEN {one}" for one in self.broken)]
        lines += [f"SURVIVED {one}" for one in self.survived]
        lines += [f"NEVER MET {one}" for one in self.unmet]
        number = sum(map(len, (self.noticed, self.survived, self.unmet, self.locked)))
        return "\n".join(lines) + (
            f"\n{number} checks turned off: {len(self.noticed)} noticed, {len(self.locked)} "
            f"behind another one, {len(self.survived)} survived, {len(self.unmet)} never met; "
            f"{len(self.displayed)} only for display"
        )
