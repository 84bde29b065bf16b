"""The HTTP API: who may call it, how errors look, and what is mounted where."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.security import SessionAuth
from ninja.utils import check_csrf

import provisioning.api
import sites.api
from audit.api import router as audit
from siteflow.errors import answer_to
from siteflow.health import health
from siteflow.json_body import JsonBody
from siteflow.refusals import CSRF_FAILED

VERSION = "0.1.0"


class CsrfFailed(Exception):
    """The session's cookie came without the token that only our own pages know."""

    code, status, message = CSRF_FAILED.code, CSRF_FAILED.status, CSRF_FAILED.message


class SessionLogin(SessionAuth):
    """The console's login. Ninja's views escape the CSRF middleware: it is made up for here."""

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise CsrfFailed
        return request.user


api = NinjaAPI(
    title="SiteFlow",
    version=VERSION,
    description="Hosts, containers and what is done with them.",
    auth=SessionLogin(),
    parser=JsonBody(),
    docs_decorator=login_required,
)
api.add_router("/health", health)
api.add_router("/hosts", provisioning.api.hosts)
api.add_router("/containers", sites.api.containers)
api.add_router("/containers", provisioning.api.container_actions)
api.add_router("/sites", sites.api.sites)
api.add_router("/operations", provisioning.api.operations)
api.add_router("/wizards", provisioning.api.wizards)
api.add_router("/audit", audit)


def _on_exception(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return answer_to(request, error if isinstance(error, Exception) else error())


# Ninja brings handlers of its own for the last three, and the nearest class wins.
for _kind in (Exception, HttpError, ValidationError, Http404):
    api.add_exception_handler(_kind, _on_exception)
