"""The page of the graph: the drawing is made by its script, the list below it is here for all."""

from __future__ import annotations

import json
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from monitoring.graph import shown as graphs
from monitoring.graph.shown import Wanted
from monitoring.graph.telling import node_out
from monitoring.graph.things import Graph, Kind, Node, Tone
from siteflow.wording import WORDS
from sites.answers import MAX_KEY, NotFound
from sites.models import Host, Site
from sites.rights import may_somewhere

LISTED: Final = 600  # lines; of more, filters choose
_PAGES: Final = {
    Kind.DOMAIN: "admin:sites_domain_change",
    Kind.SITE: "admin:sites_site_change",
    Kind.CONTAINER: "admin:sites_container_change",
    Kind.HOST: "admin:sites_host_change",
    Kind.PROXY: "admin:sites_host_change",
    Kind.NAS: "admin:sites_host_change",
}
_GROUPED: Final = {"": None, "true": True, "false": False}


def graph_page(request: HttpRequest) -> TemplateResponse:
    if not may_somewhere(request.user, "sites.view_site"):
        raise PermissionDenied
    wanted = _wanted(request)
    try:
        shown = graphs.shown(request.user, wanted)
    except NotFound:
        raise Http404 from None
    return TemplateResponse(
        request,
        "console/graph.html",
        {
            **admin.site.each_context(request),
            "title": "Graph",
            "lines": lines(shown.graph)[:LISTED],
            "total": len(shown.graph.nodes),
            "shown": shown,
            "wanted": wanted,
            "tones": list(Tone),
            "words": json.dumps(STATE_WORDS),
            "filter_hosts": Host.objects.visible_to(request.user).values_list("name", flat=True),
            "filter_sites": Site.objects.visible_to(request.user).values_list("pk", "name"),
            "query": request.GET.urlencode(),
        },
    )


# Where the word people read is not the state's own.
STATE_WORDS: Final = {
    **{state: word for state, word in WORDS.items() if state not in ("new", "working")},
    "ok": "certificate valid",
    "soon": "certificate ends soon",
    "off": "plain http",
    "expired": "certificate expired",
    "not_yet": "certificate not valid yet",
    "wrong_name": "wrong name",
    "no_answer": "no answer",
    "differs": "not as on disk",
    "hidden": "not shown to you",
}


def _wanted(request: HttpRequest) -> Wanted:
    """Of the address line; what makes no sense there leads nowhere."""
    asked = request.GET
    states, site, grouped = asked.getlist("state"), asked.get("site", ""), asked.get("grouped", "")
    states = [one for one in states if one]
    is_key = not site or (site.isascii() and site.isdigit() and int(site[:19]) <= MAX_KEY)
    if not is_key or not set(states) <= set(Tone) or grouped not in _GROUPED:
        raise Http404
    return Wanted(
        asked.get("host", "")[:200], int(site[:19]) if site else None, states, _GROUPED[grouped]
    )


def lines(graph: Graph) -> list[dict[str, Any]]:
    """A line a node, with what it needs, as far as that is drawn."""
    roots = {kind: _root(view) for kind, view in _PAGES.items()}

    def line(node: Node) -> dict[str, Any]:
        drawn = (edge for edge in graph.needs.get(node.id, ()) if not edge.implied)
        return {
            **node_out(node),
            "url": _url(node, roots),
            "needs": [(edge.kind.value, graph.by_id[edge.target].name) for edge in drawn],
        }

    return [line(node) for node in graph.nodes]


def _root(view: str) -> str:
    return reverse(view, args=[0]).removesuffix("0/change/")


def _url(node: Node, roots: dict[Kind, str]) -> str:
    if node.key is None or node.kind not in roots or node.status.word == "hidden":
        return ""
    tab = "?tab=proxy" if node.kind == Kind.PROXY else ""
    return f"{roots[node.kind]}{node.key}/change/{tab}"
