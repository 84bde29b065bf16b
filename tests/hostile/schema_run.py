"""Random requests made from the API's own description, by every role, and what is wrong with them.

All in this process and taken back after each: nothing rings for a worker, no host is reached.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from audit.record import Actor
from siteflow.accounts import tokens
from sites.granting import give, roles
from sites.models import Host
from tests.hostile.fields import document
from tests.hostile.world import taken_back
from tests.people import person

SCOPES: Final = ["read", "operate", "manage", "audit", "accounts"]
CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
PLAIN: Final = {"Accept-Encoding": "identity"}  # what checks an answer reads no gzip
METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@dataclass
class Figures:
    """``found``: what is wrong, once for each kind and address, with the request that shows it."""

    cases: int = 0
    server_errors: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)

    def add(self, response: Any) -> None:
        self.cases += 1
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        self.server_errors += response.status_code >= 500


def who() -> dict[str, dict[str, str]]:
    """Each role and the header it comes with: the cast, one with a role for one host, and a token
    that may only read."""
    charlie = person("charlie")
    give(roles().get(name="operator"), to=charlie, on=Host.objects.get(), actor=Actor())
    found: dict[str, dict[str, str]] = {"anonymous": {}}
    found |= {"read-only": _bearer("admin", ["read"])}
    found |= {name: _bearer(name, SCOPES) for name in ("bob", "alice", "admin")}
    return found | {"scoped": _bearer("charlie", SCOPES)}


def _bearer(name: str, scopes: list[str]) -> dict[str, str]:
    _, text = tokens.make(person(name), name="schema", scopes=scopes, expires_at=None,
                          actor=Actor(), by=None)  # fmt: skip
    return {"Authorization": f"Bearer {text}"}


def application() -> Callable[..., Iterable[bytes]]:
    """SiteFlow as a WSGI application whose every answer leaves no trace."""
    handler = WSGIHandler()

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with taken_back(), _connection_kept():
            response = handler(environ, start_response)
            try:
                return [b"".join(response)]
            finally:
                response.close()

    return answer


@contextmanager
def _connection_kept() -> Iterator[None]:
    """As Django's own test client does: a request must not close the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def operations() -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application()
    for found in schema.get_all_operations():
        operation: Any = found
        yield operation.ok()


def run(*, cases: int, started_with: int = 0) -> Figures:
    """About this many requests, evenly over addresses, roles, and right and wrong data."""
    figures, people, several = Figures(), who(), list(operations())
    each = max(1, round(cases / (len(several) * len(people) * 2)))
    for operation in several:
        for role, headers in people.items():
            for mode in GenerationMode:
                _try(operation, mode, role, headers, figures, each, started_with)
        _other_methods(operation, people["admin"], figures)
        _needs_a_login(operation, figures)
    return figures


def _try(
    operation: Any, mode: Any, role: str, headers: Any, figures: Figures, number: int, start: int
) -> None:
    @seed(start)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        response = case.call(headers={**headers, **PLAIN})
        figures.add(response)
        try:
            case.validate_response(response, checks=CHECKS)
        except (Failure, FailureGroup) as error:
            _note(figures, operation, f"{role}, {mode.value}", error)

    try:
        send()
    except Exception as error:  # there may be no such data for it: then it says so
        if "Cannot generate" not in str(error) and "Unsatisfiable" not in type(error).__name__:
            _note(figures, operation, f"{role}, {mode.value}", error)


def _note(figures: Figures, operation: Any, where: str, error: BaseException) -> None:
    for one in getattr(error, "exceptions", None) or [error]:
        key = f"{operation.label}: {type(one).__name__} {str(one).splitlines()[0][:100]}"
        figures.found.setdefault(key, f"({where}) {error}"[:1500])


def _other_methods(operation: Any, headers: dict[str, str], figures: Figures) -> None:
    """What the description does not name is 405, with the methods that there are."""
    path = operation.path
    known = {name.upper() for name in operation.schema.raw_schema["paths"][path]}
    case = operation.Case(path_parameters=dict.fromkeys(_keys(path), 1))
    for method in METHODS - known - {"OPTIONS", "HEAD"}:
        case.method = method
        response = case.call(headers=headers)
        figures.add(response)
        if response.status_code != 405 or not response.headers.get("allow"):
            figures.found[f"{method} {path}: {response.status_code}, not 405 with Allow"] = ""


def _needs_a_login(operation: Any, figures: Figures) -> None:
    """What is declared to need a login refuses nobody's request and a wrong token alike."""
    if not operation.definition.raw.get("security"):
        return
    case = operation.Case(path_parameters=dict.fromkeys(_keys(operation.path), 1))
    for headers in ({}, {"Authorization": "Bearer sf_wrong"}, {"Cookie": "sessionid=wrong"}):
        response = case.call(headers=headers)
        figures.add(response)
        if response.status_code != 401:
            key = f"{operation.label}: {response.status_code} without a login"
            figures.found[key] = json.dumps(headers)


def _keys(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]
