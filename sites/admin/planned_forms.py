"""Forms of what is new: filled in, looked at as a plan, and only then made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse

from provisioning.acting import wants_json
from provisioning.drivers.errors import DriverError
from provisioning.engine import EngineError
from provisioning.operations.contract import VerbError
from sites.models import Host
from sites.rights import may_somewhere

PERMISSION = "sites.manage_site"


class PlannedForm(Protocol):
    @property
    def errors(self) -> Any: ...
    def is_valid(self) -> bool: ...
    def put(self, error: Any) -> None: ...


def hosts_for_new(request: HttpRequest) -> QuerySet[Host]:
    """Where this account may make something. Raises PermissionDenied if it may nowhere."""
    if not may_somewhere(request.user, PERMISSION):
        raise PermissionDenied
    hosts = Host.objects.open_to(request.user, PERMISSION).order_by("name")
    return hosts.select_related("credential", "via").exclude(state=Host.State.SETUP_PENDING)


def answered(
    request: HttpRequest,
    form: PlannedForm,
    page: str,
    shown: dict[str, Any],
    act: Callable[[], HttpResponse | None],
) -> HttpResponse:
    """``act`` does what a valid form asks for and answers when it has made something; else the
    form comes again, with what was refused at its fields. To a script only those."""
    if form.is_valid():
        try:
            if done := act():
                return done
        except (EngineError, VerbError) as error:
            form.put(error)
        except DriverError as error:
            shown["no_plan"] = error
    if wants_json(request):
        return JsonResponse({"errors": {name: found[0] for name, found in form.errors.items()}})
    return TemplateResponse(request, page, shown)
