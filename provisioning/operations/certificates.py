"""A look at the certificate of one domain, now. Changes nothing on the host."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from provisioning.certificates.judging import State
from provisioning.certificates.keeping import keep
from provisioning.certificates.looking import look
from provisioning.certificates.models import Certificate
from provisioning.certificates.telling import certificate_out
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
    rows: Any = Certificate.objects.select_related("host", "site", "certificate_check")
    told = certificate_out(rows.get(pk=row.pk))
    op.say("\n".join(told["problems"]))
    op.conclude(_sentence(told), state=told["state"], problems=told["problems"])


def _sentence(told: dict[str, Any]) -> str:
    state = State(told["state"])
    if state == State.OFF:
        return f"{told['domain']} is served by plain http, without a certificate."
    days = f", {told['days_remaining']:.0f} days left" if told["served"] else ""
    return f"{told['domain']}: {state.label}{days}."
