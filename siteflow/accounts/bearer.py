"""How a request of the API says who sends it: a token in its header, or the console's session."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth
from ninja.utils import check_csrf

from audit.actor import Actor
from siteflow.accounts import logins
from siteflow.accounts.credentials import Credential, of_bearer
from siteflow.accounts.holds import let_in
from siteflow.accounts.session_store import stored
from siteflow.refusals import CSRF_FAILED


class CsrfFailed(Exception):
    """The session's cookie came without the token that only our own pages know."""

    code, status, message = CSRF_FAILED.code, CSRF_FAILED.status, CSRF_FAILED.message


class TokenLogin(HttpBearer):
    """An API token (``sf_…``) or an access token. No browser sends it unasked: no CSRF token."""

    def authenticate(self, request: HttpRequest, token: str) -> Credential:
        address = Actor.of_request(request, "api").remote_addr
        credential, user = of_bearer(token.strip(), address=address)
        request.user = user
        let_in(user)
        return credential


class SessionLogin(SessionAuth):
    """The console's login. Ninja's views escape the CSRF middleware: it is made up for here."""

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise CsrfFailed
        let_in(request.user)
        logins.seen(request.session.session_key)
        return Credential("session", stored(request.session.session_key))
