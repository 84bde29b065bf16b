"""A site's address: which container the proxy sends its requests to, and whether it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from provisioning.drivers import http_probe
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.errors import DriverError
from provisioning.operations.contract import VerbError
from provisioning.operations.site_work import POLL_S, Work
from provisioning.proxy import apply as proxy
from provisioning.sightings import service as service_of
from sites.models import Domain

ANSWER_S: Final = 30  # a certificate may have to be made first, a program to warm up


def serve(work: Work) -> None:
    """The proxy serves the site's domains as its rows say; on failure it serves what it did."""
    if work.wanted.domains:
        proxy.apply_site(work.op, work.host, work.site.host, work.site)


def switch(work: Work, containers: list[ContainerState]) -> None:
    """Requests go to these containers from now on: those under way end where they began."""
    for one in containers:
        service = service_of(one)
        if port := ports(work).get(service):
            proxy.switch_upstream(
                work.op,
                work.host,
                work.site.host,
                work.site,
                service=service,
                container=one.name,
                port=port,
                is_web=service == work.wanted.web_service,
            )


def ports(work: Work) -> dict[str, int]:
    """Service → port, of each service that a domain of the site leads to."""
    found = {work.wanted.web_service: work.wanted.web_port or 0}
    for domain in work.site.domains.all():
        if domain.service and domain.port:
            found[domain.service] = domain.port
        found |= {str(one["service"]): int(one.get("port") or 0) for one in domain.routes}
    return {service: port for service, port in found.items() if service and port}


def stop_serving(work: Work) -> None:
    proxy.remove_site(work.op, work.host, work.site.host, work.site)


def take_back(work: Work) -> None:
    """The proxy serves what it did before this operation."""
    proxy.take_back(work.op, work.host, work.site.host)


def prove(work: Work) -> None:
    """Each name of the site answers through the proxy. Raises VerbError with what it said."""
    for domain in work.site.domains.order_by("name"):
        _until(lambda domain=domain: _problem(work, domain), domain.name)  # type: ignore[misc]
        work.op.say(f"{domain.name} answers.")


def _problem(work: Work, domain: Domain) -> str:
    try:
        answer = proxy.probe(work.host, work.site.host, domain, path=work.wanted.probe_path)
    except DriverError as error:
        return error.message
    if answer.status < 400 or (answer.status == 401 and domain.basic_auth):
        return ""
    return f"status {answer.status}."


def prove_beside(work: Work, containers: list[ContainerState]) -> None:
    """The new web container answers before any visitor's request comes to it. Raises VerbError."""
    for one in containers:
        if service_of(one) == work.wanted.web_service and one.addresses and work.wanted.web_port:
            _until(lambda one=one: _direct(work, one), one.name)  # type: ignore[misc]


def _until(ask: Callable[[], str], who: str) -> None:
    deadline = time.monotonic() + ANSWER_S
    while problem := ask():
        if time.monotonic() > deadline:
            raise VerbError(f"{who} does not answer as it should: {problem}", code="no_answer")
        time.sleep(POLL_S)  # what is healthy may still be warming up


def _direct(work: Work, one: ContainerState) -> str:
    """Asked at its own address, from its host, under the site's own name."""
    name = next(iter(work.wanted.domains), work.wanted.project)
    try:
        answer = http_probe.get(
            work.host,
            f"http://{name}{work.wanted.probe_path}",
            address=one.addresses[0],
            port=work.wanted.web_port,
            headers={"X-Forwarded-Proto": "https"},
        )
    except DriverError as error:
        return error.message
    return "" if answer.status < 400 or answer.status == 401 else f"status {answer.status}."
