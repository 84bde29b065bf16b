"""Certificates looked at now and then, over the connection that the host's watcher already has.

A host in trouble is not offered by its watcher, and one that hangs keeps only its own thread.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from django.utils import timezone

from monitoring.database import DATABASE_GONE, Database
from provisioning.certificates.keeping import due, hosts_with_due, keep
from provisioning.certificates.looking import look
from provisioning.drivers.errors import DriverError
from provisioning.drivers.host import HostDriver
from provisioning.proxy.models import Proxy
from sites.models import Domain, Host

log = logging.getLogger(__name__)

TURN_S: Final = 5.0
_REST_S: Final = 60.0  # of a host after a mistake of ours, which would be repeated at once


class CertificateLooks:
    """A host offered here has those of its domains looked at whose turn has come.

    One thread asks the database for all of them together; each host that has some gets a thread of
    its own for as long as that takes, and never two.
    """

    def __init__(self, *, database: Database, turn_s: float = TURN_S) -> None:
        self._database = database
        self._turn_s = turn_s
        self._offered: dict[int, tuple[Host, HostDriver]] = {}
        self._under_way: set[int] = set()
        self._rests_until: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)
        self._thread.start()

    def offer(self, host: Host, driver: HostDriver) -> None:
        """Called by the one watcher of the host, after each read."""
        with self._lock:
            self._offered[host.pk] = host, driver

    def close(self, *, timeout_s: float = 0.5) -> None:
        self._stopped.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._turn_s):
            try:
                self.turn()
            except DATABASE_GONE as error:
                log.info("certificates: the database failed, trying again: %s", error)
            except Exception:  # a mistake of ours in one round must not end all later ones
                log.exception("looking for due certificates failed unexpectedly")

    def turn(self) -> None:
        """What was offered since the last one: a host that is no longer read is not asked."""
        with self._lock:
            offered, self._offered = self._offered, {}
        now = time.monotonic()
        free = [key for key in offered if self._is_free(key, now)]
        if not free:
            return
        for key in self._database(lambda: hosts_with_due(free, now=timezone.now())):
            self._under_way.add(key)
            threading.Thread(
                target=self._look, args=offered[key], name=f"certificates-{key}", daemon=True
            ).start()

    def _is_free(self, key: int, now: float) -> bool:
        return key not in self._under_way and now >= self._rests_until.get(key, 0.0)

    def _look(self, host: Host, driver: HostDriver) -> None:
        try:
            self._look_at(host.pk, driver)
        except DATABASE_GONE as error:
            log.warning("certificates of %s could not be stored: %s", host.name, error)
        except DriverError as error:
            log.info("certificates of %s could not be looked at: %s", host.name, error.message)
        except Exception:  # a mistake of ours: the other hosts go on, and this one a little later
            log.exception("looking at certificates of %s failed unexpectedly", host.name)
            self._rests_until[host.pk] = time.monotonic() + _REST_S
        finally:
            self._under_way.discard(host.pk)

    def _look_at(self, key: int, driver: HostDriver) -> None:
        host, proxy, domains = self._database(lambda: _due_of(key))
        if host is None:
            return
        at = timezone.now()
        for found in look(driver, host, proxy, domains):
            if self._stopped.is_set():
                return
            self._database(lambda one=found: keep(one, at=at))  # type: ignore[misc]


def _due_of(key: int) -> tuple[Host | None, Proxy | None, list[Domain]]:
    host = Host.objects.filter(pk=key).first()
    proxy = Proxy.objects.filter(host_id=key).first()
    rows = Domain.objects.filter(due(now=timezone.now()), host_id=key)
    return host, proxy, list(rows.order_by("certificate_check__tried_at", "pk"))
