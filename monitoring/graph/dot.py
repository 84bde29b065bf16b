"""The graph as text for Graphviz. Names come from hosts: whatever they hold is only a label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from audit.console_output import one_line
from monitoring.graph.things import Graph, Kind, Node, Tone

_SHAPES: Final = {
    Kind.DOMAIN: "ellipse", Kind.PROXY: "hexagon", Kind.SITE: "folder", Kind.CONTAINER: "box",
    Kind.NETWORK: "diamond", Kind.VOLUME: "cylinder", Kind.HOST: "box3d", Kind.NAS: "cylinder",
}  # fmt: skip
_COLOURS: Final = {
    Tone.GOOD: "#1f9d5b", Tone.WARNING: "#d18a0b", Tone.BAD: "#d93a2f", Tone.BUSY: "#4674e0",
    Tone.UNKNOWN: "#8a93a1", Tone.STILL: "#8a93a1",
}  # fmt: skip


def dot(graph: Graph) -> str:
    """``digraph`` in the layers of the page. Nodes are numbered: no id needs to be escaped."""
    numbers = {node.id: f"n{place}" for place, node in enumerate(graph.nodes)}
    return "\n".join([*_head(), *_nodes(graph, numbers), *_edges(graph, numbers), "}", ""])


def _head() -> Iterator[str]:
    yield "digraph siteflow {"
    yield "  rankdir=LR;"
    yield '  node [fontname="sans-serif", fontsize=10];'
    yield '  edge [fontname="sans-serif", fontsize=8, color="#8a93a1"];'


def _nodes(graph: Graph, numbers: dict[str, str]) -> Iterator[str]:
    for node in graph.nodes:
        style = "dashed" if node.status.tone == Tone.UNKNOWN else "solid"
        yield (
            f"  {numbers[node.id]} [label={quoted(_label(node))}, shape={_SHAPES[node.kind]}, "
            f'style={style}, color="{_COLOURS[node.status.tone]}"];'
        )


def _label(node: Node) -> str:
    return f"{node.name}\n{node.kind}, {node.status.word.replace('_', ' ')}"


def _edges(graph: Graph, numbers: dict[str, str]) -> Iterator[str]:
    for edge in graph.edges:
        if not edge.implied:
            ends = f"{numbers[edge.source]} -> {numbers[edge.target]}"
            yield f"  {ends} [label={quoted(edge.kind.value)}];"


def quoted(text: str) -> str:
    """A string of the DOT language: a quote ends it, and a backslash begins `\\N`, `\\l` and the
    like, so both are escaped; lines become `\\n`, other control characters are made visible."""
    lines = (one_line(line) for line in text.split("\n"))
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
