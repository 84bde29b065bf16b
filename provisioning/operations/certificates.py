"""A look at the certificate of one domain, now. Changes nothing on the host."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from provisioning.certificates.judging import State, days_left, state_of
from provisioning.certificates.keeping import keep
from provisioning.certificates.looking import look
from provisioning.certificates.models import Certificate
from provisioning.certificates.telling import facts_of, problems
from provisioning.drivers.host import HostDriver
from provisioning.operations.contract import Op, VerbError
from provisioning.proxy.models import Proxy
from sites.models import Domain


def check(op: Op, host: HostDriver) -> None:
    """Asks the host for the certificate of a domain, as served and as on disk, and DNS."""
    row: Domain = op.target
    with op.step("Look", percent=20):
        at = timezone.now()
        proxy = Proxy.objects.filter(host_id=row.host_id).first()
        for found in look(host, row.host, proxy, [row]):
            keep(found, at=at)
            if not found.served.asked:
                raise VerbError(found.served.error, code="host_not_asked")
    _conclude(op, row.pk)


def _conclude(op: Op, key: int) -> None:
    """It was asked just now, whatever the monitor thinks of its host."""
    rows: Any = Certificate.objects.select_related("host", "site", "certificate_check")
    seen, now = rows.get(pk=key), timezone.now()
    state = state_of(replace(facts_of(seen, now=now), host_fresh=True), now=now)
    told = list(problems(seen, state, now=now))
    op.say("\n".join(told))
    op.conclude(_sentence(seen, state, now), state=state.value, problems=told)


def _sentence(row: Certificate, state: State, now: datetime) -> str:
    if state == State.OFF:
        return f"{row.name} is served by plain http, without a certificate."
    ends = row.seen.not_after if state != State.NO_ANSWER else None
    days = f", {days_left(ends, now=now):.0f} days left" if ends else ""
    return f"{row.name}: {state.label}{days}."
