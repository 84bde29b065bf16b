"""Headers of every answer, whoever makes it: pages, API, static files, errors, refused sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase

_UNUSED_FEATURES: Final = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
    "microphone", "midi", "payment", "serial", "usb",
)  # fmt: skip
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
    # Static files bring a longer life of their own; all else is about this moment and account.
    "Cache-Control": "no-store",
}
# Of the answers that `web.py` makes without Django; the others' is made of the settings.
NOTHING_ALLOWED: Final = "default-src 'none'; frame-ancestors 'none'"


def on_every_answer(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, outermost: also for what the ones within refuse or fail at."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
            response["Content-Length"] = str(len(response.content))
        if request.is_secure():  # also without SITEFLOW_HTTPS, as when a proxy offers both
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response

    return middleware
