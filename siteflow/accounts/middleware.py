"""Between a login and the console: what has to be done first, and what is noted of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from siteflow.accounts import logins
from siteflow.accounts.devices import remember
from siteflow.accounts.holds import Held, PasswordChangeRequired, hold_of
from siteflow.accounts.throttle import Throttled
from siteflow.errors import problem_of
from siteflow.refusals import page, wants_json

PENDING_S: Final = 900  # a login that was begun; as long as allauth waits for its second step
# Open while something has to be done first; the API and /metrics answer for themselves.
_ALWAYS_OPEN = (
    "/admin/login/", "/admin/logout/", "/account/logout/", "/api/", "/metrics", "/static/",
)  # fmt: skip
_WITHOUT_SECOND_FACTOR = ("/account/second-factor/", "/account/confirm/", "/account/password/")


class WaysIn:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        response = self._to_do_first(request) or self._get_response(request)
        if name := getattr(request, "logged_in_now", ""):
            remember(request, response, name)
        elif key and request.session.session_key not in (None, key):
            _has_new_key(request)
        elif _is_a_strangers(request):
            request.session.set_expiry(PENDING_S)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Pages that ask for a password or a code and have nothing of their own to say."""
        if not isinstance(error, Throttled) or wants_json(request):
            return None
        return page(request, problem_of(error), ("Too many attempts", error.message))

    def _to_do_first(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith(_ALWAYS_OPEN) or not isinstance(request.user, User):
            return None
        logins.seen(request.session.session_key)
        hold = hold_of(request.user)
        if hold is None or _is_where_it_is_done(request.path, hold):
            return None
        return HttpResponseRedirect(f"{reverse(hold.page)}?{urlencode({'next': request.path})}")


def _is_a_strangers(request: HttpRequest) -> bool:
    """A session that was begun or changed without a login, as anybody can."""
    session = request.session
    return session.modified and not session.is_empty() and not request.user.is_authenticated


def _has_new_key(request: HttpRequest) -> None:
    """A session that outlives a change of its own password goes on under another key."""
    if isinstance(request.user, User):
        logins.begin_session(request, request.user)


def _is_where_it_is_done(path: str, hold: Held) -> bool:
    if isinstance(hold, PasswordChangeRequired):
        return path == reverse(hold.page)
    return path.startswith(_WITHOUT_SECOND_FACTOR)
