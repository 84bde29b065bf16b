"""What the graph tells of backups: the NAS as a node, and a badge on each site that has some."""

from __future__ import annotations

from typing import Any, Final

from monitoring.graph.things import Graph
from sites.rights import Viewer

NO_NAS: Final[dict[str, Any]] = {"nas_connected": None, "nas_error": ""}


def with_backups(graph: Graph, user: Viewer) -> tuple[Graph, dict[str, Any]]:
    """The graph, and ``nas_connected`` and ``nas_error``. No NAS is known here yet."""
    return graph, dict(NO_NAS)
