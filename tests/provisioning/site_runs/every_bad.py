"""Every bad release on one site, one after the other, while visitors ask for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from provisioning import engine
from provisioning.drivers import dotenv
from provisioning.models import Operation
from provisioning.operations import site_address
from provisioning.operations.contract import VerbError
from sites.models import Domain, Site
from tests.provisioning.rows import COMMAND
from tests.provisioning.site_runs.acts import did, visitors, words
from tests.provisioning.site_runs.bad import BAD, Bad
from tests.provisioning.site_runs.every_kill import changed, rows_of
from tests.provisioning.site_runs.flows import Ground
from tests.provisioning.site_runs.world import differences, world

ANSWER_S = 10  # an answer that will not come is not waited for as long as in earnest


@dataclass(frozen=True)
class Verdict:
    bad: str
    how: str  # where it ended: in the draft, before anything was begun, or taken back
    took_s: float
    requests: int
    failed: list[str]
    problems: list[str]

    def __str__(self) -> str:
        told = "; ".join(self.problems) or "ok"
        return (
            f"{self.bad:35} {self.how:28} {self.took_s:5.1f} s  {self.requests:5} requests, "
            f"{len(self.failed)} failed  {told}"
        )


def every_bad(ground: Ground, *, only: str = "") -> bool:
    """Prints a line for each and a sum; True when all of them left the old one serving."""
    wanted = [bad for bad in BAD if only in bad.name]
    site = ground.site
    verdicts = []
    with patch.object(site_address, "ANSWER_S", ANSWER_S):
        for bad in wanted:
            verdicts.append(verdict(ground, site, bad))
            print(verdicts[-1], flush=True)
    requests = sum(one.requests for one in verdicts)
    failed = sum(len(one.failed) for one in verdicts)
    wrong = sum(bool(one.problems) for one in verdicts)
    print(f"{len(verdicts)} bad releases, {requests} requests, {failed} failed, {wrong} wrong",
          flush=True)  # fmt: skip
    return bool(verdicts) and not wrong


def verdict(ground: Ground, site: Site, bad: Bad) -> Verdict:
    before, rows, begun = world(ground.host), rows_of(), time.monotonic()
    with visitors(ground.host) as troubles:
        with circumstances(ground, site, bad):
            how, said = tried(site, bad)
        took_s = time.monotonic() - begun
        problems = differences(before, world(ground.host)) + changed(rows, rows_of())
    requests, failed = int(troubles[0]), troubles[1:]
    if bad.says not in said:
        problems.append(f"says nothing of {bad.says!r}: {said}")
    if how.startswith(("succeeded", "failed")) or "internal" in how:
        problems.append(f"ended as {how}")
    if failed:
        problems.append(f"requests failed: {failed[:3]}")
    if not requests:
        problems.append("nobody asked")
    return Verdict(bad.name, how, took_s, requests, failed, problems)


@contextmanager
def circumstances(ground: Ground, site: Site, bad: Bad) -> Iterator[None]:
    domains = Domain.objects.filter(site=site)
    if bad.full_disk:
        ground.host.fill_disk(bad.full_disk)
    if bad.route:
        domains.update(routes=[{"path": "/api/", "service": bad.route, "port": 80}])
    try:
        yield
    finally:
        ground.host.empty_disk()
        domains.update(routes=[])


def tried(site: Site, bad: Bad) -> tuple[str, str]:
    """How it ended, and all that was said of it."""
    site.refresh_from_db()
    env = site.releases.get(status="current").reveal() | {"SITE_TITLE": bad.name}
    given = {"revision": site.revision, "env": dotenv.dump(env), "compose": bad.compose}
    try:
        row = engine.start("site.configure", site, actor=COMMAND, params=given)
    except VerbError as error:
        return f"draft: {error.code}", error.message
    operation: Operation = did(site, "site.release", number=row.result["release"])
    begun = "" if operation.journal.get("begun") else ", not begun"
    return f"{operation.status}{begun}: {operation.error_code}", words(operation)
