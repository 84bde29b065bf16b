"""The HTTP API: who may call it, how errors look, and what is mounted where."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

import monitoring.alerts.api
import monitoring.api
import provisioning.api
import sites.api
from audit.api import router as audit
from monitoring.notify.api import notifications
from siteflow.accounts.api import auth, own_tokens
from siteflow.accounts.bearer import SessionLogin, TokenLogin
from siteflow.errors import answer_to
from siteflow.health import health
from siteflow.json_body import JsonBody
from siteflow.openapi import DescribedAPI
from siteflow.overview.api import router as overview

VERSION = "0.1.0"


api = DescribedAPI(
    title="SiteFlow",
    version=VERSION,
    description="Hosts, containers and what is done with them.",
    auth=[TokenLogin(), SessionLogin()],
    parser=JsonBody(),
    docs_decorator=login_required,
)
api.add_router("/health", health)
api.add_router("/overview", overview)
api.add_router("/hosts", provisioning.api.hosts)
api.add_router("/hosts", provisioning.api.proxies)
api.add_router("/hosts", provisioning.api.nas)
api.add_router("/hosts", provisioning.api.things)
api.add_router("/containers", sites.api.containers)
api.add_router("/containers", provisioning.api.container_actions)
api.add_router("/sites", sites.api.sites)
api.add_router("/sites", provisioning.api.site_actions)
api.add_router("/provision", provisioning.api.provision)
api.add_router("/quarantine", provisioning.api.quarantine)
api.add_router("/domains", provisioning.api.domains)
api.add_router("/certificates", provisioning.api.certificates)
api.add_router("/backups", provisioning.api.backups)
api.add_router("/log-archives", provisioning.api.archives)
api.add_router("/operations", provisioning.api.operations)
api.add_router("/templates", provisioning.api.templates)
api.add_router("/rollouts", provisioning.api.rollouts)
api.add_router("/provision", provisioning.api.offered)
api.add_router("/wizards", provisioning.api.wizards)
api.add_router("/alerts", monitoring.alerts.api.alerts)
api.add_router("/metrics", monitoring.api.metrics)
api.add_router("/notifications", notifications)
api.add_router("/graph", monitoring.api.graph)
api.add_router("/audit", audit)
api.add_router("/auth", auth)
api.add_router("/tokens", own_tokens)


def _on_exception(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return answer_to(request, error if isinstance(error, Exception) else error())


# Ninja brings handlers of its own for the last three, and the nearest class wins.
for _kind in (Exception, HttpError, ValidationError, Http404):
    api.add_exception_handler(_kind, _on_exception)
