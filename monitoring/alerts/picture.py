"""What is known at one moment, as the judges get it: plain values, nothing to be asked further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class HostSeen:
    """``watched``: a monitor holds it; ``fresh``: its containers were read a moment ago."""

    key: int
    name: str
    state: str
    watched: bool = True
    fresh: bool = True
    state_since: datetime | None = None
    inventory_at: datetime | None = None
    error_code: str = ""
    error: str = ""
    via: int | None = None
    cpus: int = 0
    tags: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """``available_bytes`` is what a normal user may still write: blocks kept for root are neither
    used nor free. ``used_before_bytes``: an hour ago; None when that is not known."""

    host: int
    mount: str
    used_bytes: float
    total_bytes: float
    available_bytes: float
    known: bool = True
    used_before_bytes: float | None = None

    @property
    def used_percent(self) -> float:
        """As ``df`` counts it."""
        usable = self.used_bytes + self.available_bytes
        return 100 * self.used_bytes / usable if usable else 0.0


@dataclass(frozen=True, slots=True)
class SiteSeen:
    key: int
    name: str
    host: int
    live: bool = True
    tags: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    key: int
    name: str
    host: int
    site: int | None
    state: str
    state_since: datetime
    health: str = ""
    exit_code: int | None = None
    restart_count: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """``state`` is judging.State's of the certificate."""

    key: int
    name: str
    host: int
    site: int
    state: str
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """``answered`` None: the host could not be asked, or nobody has asked for too long."""

    answered: bool | None
    url: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class BackupSeen:
    """``state`` is judging.State's of backups; ``words`` say more of it, or why it is unknown."""

    site: int
    state: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class NasSeen:
    """A folder of a NAS in which backups lie. ``known``: somebody looked at it lately."""

    key: int
    name: str
    host: int
    known: bool = True
    trouble: str = ""
    ours: bool = False  # the trouble is SiteFlow's own


@dataclass(frozen=True, slots=True)
class FailedOperation:
    """The last operation of its verb on its target did not succeed."""

    key: int
    kind: str
    target_type: str
    target_id: int
    target_name: str
    host: int | None
    site: int | None
    message: str
    finished_at: datetime

    @property
    def subject(self) -> str:
        return f"operation:{self.target_type}:{self.target_id}:{self.kind}"


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window that is open now; without a host, a site and a tag: for everything."""

    ends_at: datetime
    host: int | None = None
    site: int | None = None
    tag: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """``settled_since``: what is older was noted by somebody who may have been gone since.

    ``busy_*`` are hosts, sites and containers that SiteFlow works on; ``stopped``: containers that
    were stopped by an operation. ``values`` are by kind and key: ("host", 2).
    """

    now: datetime
    settled_since: datetime | None = None
    hosts: Mapping[int, HostSeen] = field(default_factory=dict)
    sites: Mapping[int, SiteSeen] = field(default_factory=dict)
    containers: Sequence[ContainerSeen] = ()
    certificates: Sequence[CertificateSeen] = ()
    disks: Sequence[DiskSeen] = ()
    probes: Mapping[int, ProbeSeen] = field(default_factory=dict)
    backups: Sequence[BackupSeen] = ()
    nas: Sequence[NasSeen] = ()
    failed: Sequence[FailedOperation] = ()
    values: Mapping[tuple[str, int], Values] = field(default_factory=dict)
    busy_hosts: frozenset[int] = frozenset()
    busy_sites: frozenset[int] = frozenset()
    busy_containers: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    windows: Sequence[Window] = ()
