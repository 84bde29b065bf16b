"""Pages and JSON travel compressed; what is small or streamed goes as it is."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

WORTH_IT_BYTES: Final = 1_000


class Compressed(GZipMiddleware):
    """Django adds random bytes and masks CSRF tokens, so that lengths tell nothing of secrets.

    A stream is left alone: its pieces would wait for each other, or be compressed one by one.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming or len(response.content) < WORTH_IT_BYTES:  # type: ignore[attr-defined]
            return response
        return super().process_response(request, response)
