"""Containers get other addresses when they or Docker start anew: a service's upstreams follow.

Nothing else changes by that: the same container, or else another of its service, is asked.
"""

from __future__ import annotations

import logging

from provisioning.drivers.host import HostDriver
from provisioning.models import Operation
from provisioning.proxy import before
from provisioning.proxy.models import Proxy
from provisioning.proxy.plan import plan
from sites.models import Host

log = logging.getLogger(__name__)


def follow(row: Host, host: HostDriver) -> list[str]:
    """Names of upstreams that were written anew. Raises DriverError when the host does not answer.

    While anything is done to the host's sites it is left to that: which container is to be asked
    is just being decided.
    """
    proxy = Proxy.objects.filter(host=row, container="").first()
    if proxy is None or Operation.objects.filter(host=row, status__in=Operation.ACTIVE).exists():
        return []
    whole = plan(host, row, proxy=proxy)
    moved = {key: text for key, text in whole.upstreams.items() if key in whole.seen.upstreams}
    found = {key: text for key, text in moved.items() if text}
    before.write(host, row, dict(found))
    if found:
        log.info("%s: upstreams have moved: %s", row.name, ", ".join(sorted(found)))
    return sorted(found)
