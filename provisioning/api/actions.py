"""One endpoint per verb, made from the verb table: POST /<things>/{id}/<verb>."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router
from pydantic import BaseModel, create_model

from audit.record import Actor
from provisioning.asking import ask
from provisioning.operations import verbs_of
from provisioning.operations.contract import Verb
from provisioning.schemas import OperationOut, operation_out
from sites.answers import IDEMPOTENCY_KEY, idempotency_key, json_answer


def add_actions(router: Router, target_type: str) -> None:
    """Every verb on this kind of target that a worker runs; its parameters are the body."""
    for verb in verbs_of(target_type):
        if not verb.inline:
            router.add_api_operation(
                f"/{{int:target_id}}/{verb.name}",
                ["POST"],
                _view(verb),
                response={202: OperationOut},
                operation_id=verb.kind.replace(".", "_").replace("-", "_"),
                url_name=verb.kind,
                summary=verb.label,
                openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
            )


def _view(verb: Verb) -> Callable[..., HttpResponse]:
    def act(request: HttpRequest, target_id: int, body: Any = None) -> HttpResponse:
        given: dict[str, Any] = body.model_dump(exclude_unset=True) if body else {}
        row = ask(
            verb.kind,
            target_id=target_id,
            user=request.user,
            actor=Actor.of_request(request, "api"),
            confirm_name=given.pop("confirm_name", None),
            params=given,
            idempotency_key=idempotency_key(request),
        )
        return json_answer(operation_out(row), status=202)

    act.__annotations__["body"] = Body[_body_type(verb) | None]  # type: ignore[misc]
    act.__doc__ = verb.run.__doc__
    return act


def _body_type(verb: Verb) -> type[BaseModel]:
    name = "".join(word.capitalize() for word in verb.kind.replace("-", ".").split("."))
    if verb.confirm:
        return create_model(name, __base__=verb.params, confirm_name=(str | None, None))
    return create_model(name, __base__=verb.params)
