"""The API's own description: what ninja tells of each address, and how each may refuse."""

from __future__ import annotations

from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

_TEXT: Final = {"type": "string"}
ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error", "status", "request_id", "timestamp"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "field"],
            "properties": {
                "code": _TEXT,
                "message": _TEXT,
                "details": {"type": "object"},
                "field": {"type": ["string", "null"]},
            },
        },
        "status": {"type": "string", "enum": ["error"]},
        "request_id": _TEXT,
        "timestamp": {"type": "string", "format": "date-time"},
    },
}
_REFUSALS: Final = {
    "4XX": "Refused; `error.code` says why.",
    "5XX": "It failed here or on the host.",
}


class DescribedAPI(NinjaAPI):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._described: dict[str, OpenAPISchema] = {}  # by prefix

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """With the one shape of errors at every address. The same each time: not to be changed."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._described:  # half a second to make, and never another in a process
            self._described[prefix] = self._made(prefix)
        return self._described[prefix]

    def _made(self, prefix: str) -> OpenAPISchema:
        described = super().get_openapi_schema(path_prefix=prefix)
        described["components"]["schemas"]["Error"] = ERROR
        for methods in described["paths"].values():
            for operation in methods.values():
                for status, words in _REFUSALS.items():
                    operation["responses"].setdefault(status, _refusal(words))
        return described


def _refusal(words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}
