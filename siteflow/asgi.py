"""What the web process serves: pages and API over HTTP, live updates over sockets."""

from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siteflow.settings")
pages = get_asgi_application()  # sets Django up, which the sockets' code needs

from siteflow import consumers  # noqa: E402
from siteflow.gate import Gate  # noqa: E402
from siteflow.origin import OwnOriginOnly  # noqa: E402

# For the type checker: Django's own paths lead to views.
live: Any = consumers.LiveSocket.serve
nowhere: Any = consumers.nowhere
sockets = [
    path("api/ws", live),
    # For simple clients: the same socket, subscribed from the start.
    path("ws/dashboard", live, {"topics": ("hosts", "containers", "operations")}),
    path("ws/tasks/<int:operation>", live, {"topics": ("operation.{operation}",)}),
    re_path(r"", nowhere),
]
application = Gate(
    ProtocolTypeRouter(
        {
            "http": pages,
            "websocket": OwnOriginOnly(SessionMiddlewareStack(URLRouter(sockets))),
        }
    )
)
