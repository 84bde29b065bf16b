from __future__ import annotations

import re

import pytest

from monitoring.graph.building import build
from monitoring.graph.dot import dot, quoted
from tests.monitoring.graph.made import container, host, rows, shop

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def test_nodes_and_drawn_edges_are_there() -> None:
    text = dot(build(shop()))
    assert text.startswith("digraph siteflow {") and text.rstrip().endswith("}")
    assert 'label="shop.example.com\\ndomain, ok", shape=ellipse' in text
    assert 'label="depends-on"' in text
    drawn = sum(not edge.implied for edge in build(shop()).edges)
    assert text.count(" -> ") == drawn


@pytest.mark.parametrize(
    "name",
    [
        'x"]; evil [label="y', 'end\\', '\\"', "\\N\\G\\l", "a\nb", "<b>html</b>",
        "\x1b[31m", "\u202etxt", '"', "}\n}", "// c", "/* c",
    ],
)  # fmt: skip
def test_whatever_a_name_holds_is_only_a_label(name: str) -> None:
    hangs = {"networks": [name], "volumes": [name]}
    text = dot(build(rows(host(), container(1, name, attached=hangs))))
    bare = _STRING.sub("S", text)
    for line in bare.splitlines():
        assert re.fullmatch(
            r"digraph siteflow \{|\}|  rankdir=LR;|  (node|edge) \[.*\];"
            r"|  n\d+ \[label=S, shape=\w+, style=\w+, color=S\];|  n\d+ -> n\d+ \[label=S\];",
            line,
        ), line
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)


def test_backslashes_and_quotes_are_escaped() -> None:
    assert quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'
