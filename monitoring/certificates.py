"""Certificates looked at now and then, over the connection that the host's watcher already has."""

from __future__ import annotations

from django.utils import timezone

from monitoring.rounds import OfferedRounds
from provisioning.certificates.keeping import due, hosts_with_due, keep
from provisioning.certificates.looking import look
from provisioning.drivers.host import HostDriver
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host


class CertificateLooks(OfferedRounds):
    """A host offered here has those of its domains looked at whose turn has come."""

    what = "certificates"

    def _with_work(self, hosts: list[int]) -> set[int]:
        return hosts_with_due(hosts, now=timezone.now())

    def _look_at(self, key: int, thing: HostDriver) -> None:
        host, proxy, domains = self._database(lambda: _due_of(key))
        if host is None:
            return
        at = timezone.now()
        for found in look(thing, host, proxy, domains):
            if self._stopped.is_set():
                return
            self._database(lambda one=found: keep(one, at=at))  # type: ignore[misc]


def _due_of(key: int) -> tuple[Host | None, Proxy | None, list[Domain]]:
    host = Host.objects.filter(pk=key).first()
    proxy = Proxy.objects.filter(host_id=key).first()
    rows = Domain.objects.filter(due(now=timezone.now()), host_id=key)
    return host, proxy, list(rows.order_by("certificate_check__tried_at", "pk"))
