"""A plan: what would be changed, what stands in the way, and a digest of both it is made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Action = Literal["create", "change", "recreate", "start", "remove", "keep"]
What = Literal["folder", "file", "image", "network", "volume", "container", "vhost"]


@dataclass(frozen=True, slots=True)
class Change:
    """``diff`` is a unified diff, secrets masked."""

    what: What
    action: Action
    name: str
    detail: str = ""
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """``blocking``: the operation would refuse to begin."""

    code: str
    message: str
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """``downtime`` is empty when no request is dropped, else says which and why. Sizes in bytes."""

    kind: str
    site: str
    host: str
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    digest: str
    downtime: str = ""
    needs: dict[str, int] = field(default_factory=dict)

    @property
    def blocking(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.blocking]

    @property
    def to_do(self) -> list[Change]:
        """What would not stay as it is."""
        return [change for change in self.changes if change.action != "keep"]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def digest_of(**parts: Any) -> str:
    """The same for the same wish and the same world; another one when either has moved."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
