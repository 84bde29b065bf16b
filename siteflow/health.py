"""Is it alive, can it serve, and how is each part: for load balancers and for admins."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from monitoring.health.asking import ask
from monitoring.health.parts import READY
from monitoring.health.telling import DetailedHealth, detailed_health
from sites.answers import json_answer, need_everywhere

health = Router(tags=["health"])

ADMIN_PERMISSION: Final = "sites.manage_host"


class Health(Schema):
    """``observed_at``: the time of the answer; ``source``: what was asked for it."""

    status: str
    observed_at: datetime
    source: str


class Readiness(Health):
    checks: dict[str, bool]


@health.get("/live", auth=None, response=Health)
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else: a broken database is no reason to restart it."""
    return _answer("ok", "this process")


@health.get("", auth=None, response={200: Health, 503: Health})
def basic(request: HttpRequest) -> HttpResponse:
    """The process and its database answer, within three seconds."""
    good = ask("database")["database"].found.ok
    return _answer("ok" if good else "failing", "a query", good=good)


@health.get("/ready", auth=None, response={200: Readiness, 503: Readiness})
def ready(request: HttpRequest) -> HttpResponse:
    """Send requests here: database, its tables and the live feed work. 503 when not, within three
    seconds also when one of them hangs. Hosts that are down play no part."""
    checks = {name: answer.found.ok for name, answer in ask(*READY).items()}
    good = all(checks.values())
    words = "ready" if good else "not_ready"
    return _answer(words, "each of the checks, asked now", good=good, checks=checks)


@health.get("/detailed", response=DetailedHealth)
def detailed(request: HttpRequest) -> HttpResponse:
    """How each part is, for admins. Always 200: the answer itself says what fails."""
    need_everywhere(request.user, ADMIN_PERMISSION)
    return json_answer(detailed_health())


def _answer(
    status: str, source: str, *, good: bool = True, checks: dict[str, bool] | None = None
) -> HttpResponse:
    content = {"status": status, "observed_at": timezone.now(), "source": source}
    more = {} if checks is None else {"checks": checks}
    return json_answer({**content, **more}, status=200 if good else 503)
