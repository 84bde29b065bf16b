"""GET /metrics: what Prometheus scrapes, by an API token with the scope read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from monitoring.prometheus.collecting import registry
from siteflow.accounts.bearer import SessionLogin, TokenLogin
from siteflow.api import VERSION
from siteflow.errors import answer, answer_to, plain
from sites.answers import need


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """What the account sees, in the text form that every Prometheus reads."""
    try:
        login = _token(request) or SessionLogin()(request)
        if login is None:
            return answer(request, plain(401))
        request.auth = login  # type: ignore[attr-defined]
        need(request.user, "sites.view_host")
        text = generate_latest(registry(request.user, now=timezone.now(), version=VERSION))
    except Exception as error:  # as in the API: whatever it is, in the one shape of errors
        return answer_to(request, error)
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


_token = TokenLogin()
