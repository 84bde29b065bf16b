"""Path routes as people write them."""

from __future__ import annotations

import pytest

from provisioning.proxy.route_lines import BadRoute, line_of, route_of


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("/api/=backend:8090", {"path": "/api/", "service": "backend", "port": 8090}),
        (" /api/=backend ", {"path": "/api/", "service": "backend"}),
    ],
)
def test_a_line_and_back(text: str, route: dict[str, object]) -> None:
    assert route_of(text) == route
    assert line_of(route) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "/api/", "/api/=", "/api/=:80", "/api/=b:", "/api/=b:x", "/api/=b:٣", "/a=b:123456"],
)
def test_what_is_no_route_is_refused(text: str) -> None:
    with pytest.raises(BadRoute):
        route_of(text)
