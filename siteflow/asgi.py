"""What the web process serves: pages and API over HTTP, live updates over sockets."""

from __future__ import annotations

import gc
import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import SessionMiddlewareStack
from django.core.asgi import get_asgi_application
from django.urls import get_resolver, path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siteflow.settings")
pages = get_asgi_application()  # sets Django up, which the sockets' code needs

from siteflow import consumers  # noqa: E402
from siteflow.gate import Gate  # noqa: E402
from siteflow.origin import OwnOriginOnly  # noqa: E402
from siteflow.sockets import presets  # noqa: E402
from siteflow.sockets.exec import HostTerminalSocket, TerminalSocket  # noqa: E402
from siteflow.sockets.logs import LogSocket  # noqa: E402
from siteflow.sockets.merged_logs import MergedLogSocket  # noqa: E402
from siteflow.sockets.watch import WatchSocket  # noqa: E402

# For the type checker: Django's own paths lead to views.
live: Any = consumers.LiveSocket.serve
events: Any = presets.EventSocket.serve
metrics: Any = presets.MetricsSocket.serve
site: Any = presets.SiteSocket.serve
logs: Any = LogSocket.serve
merged_logs: Any = MergedLogSocket.serve
nowhere: Any = consumers.nowhere
exec_socket: Any = TerminalSocket.serve
host_terminal: Any = HostTerminalSocket.serve
watch: Any = WatchSocket.serve
sockets = [
    path("api/ws", live),
    # For simple clients: the same socket, subscribed from the start.
    path("ws/dashboard", live, {"topics": ("hosts", "containers", "operations")}),
    path("ws/tasks/<int:operation>", live, {"topics": ("operation.{operation}",)}),
    path("ws/deployments/<int:operation>", live, {"topics": ("operation.{operation}",)}),
    path("ws/containers/<int:container>/stats", live, {"topics": ("metrics.{container}",)}),
    path("ws/services/<int:site>", site, {"topics": presets.OF_SITE}),
    path("ws/metrics", metrics, {"topics": ("hosts",)}),
    path("ws/events", events, {"topics": ("events",)}),
    path("ws/containers/<int:container>/logs", logs),
    path("ws/sites/<int:site>/logs", merged_logs),
    path("ws/logs", merged_logs),
    path("ws/containers/<int:key>/exec", exec_socket),
    path("ws/hosts/<int:key>/terminal", host_terminal),
    path("ws/terminals/<int:key>/watch", watch),
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

# All views with what they import are here for good. Without this the collector of cycles walks
# through them whenever an answer makes many objects, which is half the time of a large one.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
