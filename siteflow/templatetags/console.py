"""What the console's templates say the same way everywhere: icons, states, times, sizes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from siteflow.pills import drawn_pill
from siteflow.wording import (
    HOST_SOURCES,
    KEY_NAMES,
    RELEASE_STATES,
    SITE_LOOKS,
    SOURCES,
    WORDS,
    absolute,
    clock,
    diff_kind,
    port_text,
    short_age,
    size,
    took,
)
from sites.attention import is_out_of_sight
from sites.models.container import UNKNOWN
from sites.rights import Reach, place_of
from sites.schemas import source_of_host
from sites.states import state_of

register = template.Library()
register.filter("took", took)
register.filter("size", size)


@register.simple_tag
def icon(name: str) -> SafeString:
    """One drawing of the sprite; it says nothing by itself, so readers of screens skip it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("siteflow/icons.svg"),
        name,
    )


@register.filter
def word(state: str) -> str:
    return WORDS.get(state, state.replace("_", " "))


@register.simple_tag
def age(at: datetime | None, ago: str = "") -> SafeString:
    """How long ago, ticking by itself; the absolute time on hover. ``ago`` is put behind it."""
    if at is None:
        return mark_safe('<span class="faint">–</span>')  # written down here, no value in it
    return format_html(
        '<time datetime="{}" data-age="{}" title="{}">{}{}</time>',
        at.isoformat(),
        ago,
        absolute(at),
        short_age(timezone.now() - at),
        f" {ago}" if ago else "",
    )


@register.simple_tag
def moment(at: datetime | None, form: str = "") -> SafeString:
    """A time of day, with the date unless it is today; shown in the reader's own zone.

    In the form "short", only the date when it is not today.
    """
    if at is None:
        return mark_safe('<span class="faint">–</span>')  # written down here, no value in it
    return format_html(
        '<time datetime="{}" data-moment="{}" title="{}">{}</time>',
        at.isoformat(),
        form,
        absolute(at),
        clock(at, form),
    )


@register.filter
def between(start: datetime | None, end: datetime | None) -> str:
    return took((end - start).total_seconds() * 1000) if start and end else ""


@register.simple_tag
def pill(state: str, shown: str = "", at: datetime | None = None, source: str = "") -> SafeString:
    """A state: icon (from the style sheet), word and age; its source on hover.

    Without ``at`` and ``source`` only where a test says why: tests/siteflow/test_truth.py.
    """
    hint = f"Source: {source}" if source else ""
    return drawn_pill(state, shown or word(state), age(at) if at else "", hint)


@register.simple_tag
def health_pill(part: dict[str, Any]) -> SafeString:
    """A part of SiteFlow's own, and when it last answered."""
    tail = age(part["observed_at"]) if part["observed_at"] else "never seen"
    state = "passed" if part["ok"] else "failed"
    return drawn_pill(state, part["state"], tail, f"Source: {part['source']}")


@register.simple_tag
def operation_pill(row: Any) -> SafeString:
    """Of an operation, or a step of one as JSON. Operations that run are at work, while a container
    that runs is simply well."""
    told: Any = row.get if isinstance(row, dict) else partial(getattr, row)
    since = told("finished_at") or told("started_at") or told("created_at")
    status = told("status")
    hint = f"Source: {'the queue' if status == 'queued' else 'its worker'}"
    return drawn_pill("working" if status == "running" else status, word(status), age(since), hint)


@register.simple_tag
def host_pill(row: Any) -> SafeString:
    """A host's state and since when; one that nobody has looked at for long is unknown."""
    if is_out_of_sight(row):
        tail = format_html("since {}", moment(row.inventory_at, "short"))
        return drawn_pill(UNKNOWN, UNKNOWN, tail, f"Last read {absolute(row.inventory_at)}")
    hint = f"Source: {HOST_SOURCES[source_of_host(row)]}"
    shown = drawn_pill(row.state, word(row.state), age(row.state_since), hint)
    if source_of_host(row) != "read":
        return shown
    # What a script needs to see that it is old: refresh.js.
    return format_html(
        '<span data-host-read="{}" data-read-at="{}">{}</span>',
        row.pk,
        row.inventory_at.isoformat(),
        shown,
    )


@register.simple_tag
def site_state(row: Any, fresh: bool) -> SafeString:
    """Of a row of `sites.rows.site_rows`; as old as the last read of its host."""
    state, seen = state_of(row, fresh=fresh), row.host.inventory_at
    looks, shown = SITE_LOOKS.get(state, (state, word(state)))
    if row.total and state in ("running", "partial", "stopped"):
        shown = f"{row.running} of {row.total} running"
    if state in ("draft", "provisioning"):
        return pill(looks, shown, row.found_at, "SiteFlow’s own record")
    if seen is None:
        return drawn_pill(looks, shown, "never seen", "Its host was never read")
    tail = moment(seen, "short") if state == UNKNOWN else age(seen)
    tail = format_html('<span data-host-seen="{}">{}</span>', row.host_id, tail)
    since = format_html("since {}", tail) if state == UNKNOWN else tail
    return drawn_pill(looks, shown, since, f"Source: {SOURCES['read']}, {absolute(seen)}")


@register.simple_tag
def container_pill(item: dict[str, Any]) -> SafeString:
    """A container's state from its JSON; `live-rows.js` writes the same from a message."""
    unknown = item["unknown_since"]
    if unknown:
        tail = format_html("since {}", moment(unknown, "short"))
        hint = f"Was {item['last_state']} when last seen, {absolute(unknown)}"
    else:
        tail = age(item["observed_at"])
        hint = f"Seen by {SOURCES.get(item['source'], item['source'])}"
    failed = item["state"] in ("exited", "dead") and bool(item["exit_code"])
    return format_html(
        '<span class="pill" data-state="{}" data-exit="{}" title="{}">'
        '<span class="word">{}</span> <span class="age">{}</span></span>',
        item["state"],
        "failed" if failed else "",
        hint,
        item["state"],
        tail,
    )


@register.simple_tag
def crumbs(*parts: Any) -> SafeString:
    """Label and address in turn, and at the end the label of this page."""
    pairs = list(zip(parts[:-1:2], parts[1:-1:2], strict=True))
    links = format_html_join(
        "",
        '<a href="{}">{}</a>{}',
        ((_address(where), label, icon("right")) for label, where in pairs),
    )
    return format_html('{}<span aria-current="page">{}</span>', links, parts[-1])


def _address(where: str) -> str:
    return where if where.startswith("/") else reverse(where)


@register.simple_tag(takes_context=True)
def chips(context: dict[str, Any]) -> list[dict[str, str]]:
    """The filters that are set, each with the address of the list without it."""
    return list(_chips(context["cl"]))


def _chips(cl: Any) -> Iterator[dict[str, str]]:
    if cl.query:
        yield {"label": f"“{cl.query}”", "url": cl.get_query_string(remove=["q", "p"])}
    for spec in cl.filter_specs:
        choices = list(spec.choices(cl))
        for choice in choices[1:]:
            if choice.get("selected"):
                label = f"{str(spec.title).capitalize()}: {choice['display']}"
                yield {"label": label, "url": choices[0]["query_string"]}
        if choices and (period := _period(choices[0])):
            yield {"label": period, "url": choices[0]["clear"]}


def _period(choice: dict[str, Any]) -> str:
    parts = [f"from {choice['since']}"] if choice.get("since") else []
    parts += [f"to {choice['until']}"] if choice.get("until") else []
    return " ".join(parts).capitalize()


@register.simple_tag
def query(**pairs: Any) -> str:
    """``?a=1&b=2`` of what is given; empty values are left out."""
    return "?" + urlencode(
        {name: value for name, value in pairs.items() if value not in ("", None)}
    )


@register.simple_tag
def rows_shown(cl: Any) -> str:
    """ "51–100 of 812" """
    first = (cl.page_num - 1) * cl.list_per_page + 1
    return f"{first}–{first + len(cl.result_list) - 1} of {cl.result_count}"


@register.simple_tag
def page_link(cl: Any, number: Any) -> SafeString:
    if number == cl.paginator.ELLIPSIS:
        return mark_safe("<span>…</span>")  # written down here, no value in it
    if number == cl.page_num:
        return format_html('<a href="{}" aria-current="page">{}</a>', _page(cl, number), number)
    return format_html('<a href="{}">{}</a>', _page(cl, number), number)


def _page(cl: Any, number: int) -> str:
    found: str = cl.get_query_string({"p": number})
    return found


@register.filter
def add_id(root: str, key: int) -> str:
    """The address of a row, without asking the URL table for each of them."""
    return f"{root}{key}/"


@register.filter
def verb(kind: str) -> str:
    """ "Restart service" of "host.restart-service"."""
    return kind.partition(".")[2].replace("-", " ").capitalize()


@register.filter
def covers(found: Reach, row: Any) -> bool:
    return found.covers(*place_of(row))


@register.filter
def usable_on(buttons: list[Any], row: Any) -> list[Any]:
    return [each for each in buttons if each.reach.covers(*place_of(row))]


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key) if mapping else None


@register.filter
def ports(found: list[dict[str, Any]]) -> list[str]:
    """As `docker ps` writes them, each once though it is bound for IPv4 and IPv6."""
    return list(dict.fromkeys(port_text(port) for port in found))


@register.simple_tag
def release_pill(row: Any) -> SafeString:
    """A release that is current serves; one of the past is at rest."""
    at = row.current_since or row.created_at
    return pill(RELEASE_STATES.get(row.status, row.status), row.status, at, "SiteFlow’s own record")


@register.filter
def diff_lines(text: str) -> list[dict[str, str]]:
    """Each line of a unified diff with what it is: "file", "place", "new", "old" or ""."""
    return [{"text": line, "kind": diff_kind(line)} for line in text.splitlines()]


@register.filter
def primary_first(domains: Any) -> list[Any]:
    """Sorted here: they were read for all rows of a page at once."""
    return sorted(domains, key=lambda one: (one.kind != "primary", one.name))


@register.filter
def subtract(number: int, those: list[Any]) -> int:
    return number - len(those)


@register.simple_tag
def pill_count(state: str, number: int) -> SafeString:
    return pill(state, f"{number} {word(state)}")


@register.simple_tag
def verdict_pill(verdict: str) -> SafeString:
    """A step of the host's test; what is "ok" passed."""
    return pill("passed" if verdict == "ok" else verdict, "ok" if verdict == "ok" else "")


@register.simple_tag
def host_address(row: Any) -> str:
    """As one would type it: root@192.0.2.7, with the port unless it is 22."""
    if row.connection != "ssh":
        return "this machine"
    port = "" if row.port == 22 else f":{row.port}"
    return f"{row.username}@{row.address}{port}"


@register.simple_tag
def key_type(public_line: str) -> str:
    return KEY_NAMES.get(public_line.partition(" ")[0], "unknown type")


@register.simple_tag
def key_file(public_line: str) -> str:
    """The file that sshd keeps this type of key in."""
    name = KEY_NAMES.get(public_line.partition(" ")[0], "ED25519").lower()
    return f"ssh_host_{name}_key.pub"


@register.simple_tag
def fact(found: Any) -> str:
    """One fact of a host, written in its own unit."""
    if found.form == "size":
        return size(found.value)
    if found.form == "ms":
        return took(abs(found.value))
    if found.form == "seconds":
        return short_age(timedelta(seconds=found.value))
    return str(found.value)


@register.simple_tag
def list_headers(cl: Any) -> list[dict[str, Any]]:
    """The columns of a list with the addresses that sort by them."""
    return list(result_headers(cl))


@register.simple_tag(takes_context=True)
def row_buttons(context: dict[str, Any], item: dict[str, Any], url: str) -> SafeString:
    """A row's buttons. Rows in one state differ only in address and name: drawn once for each."""
    drawn, state = context["drawn"], item["state"]
    usable = [each for each in context["buttons"] if each.reach.covers(item["host"], item["site"])]
    alike = (state, *(each.kind for each in usable))
    if alike not in drawn:
        values = {"buttons": usable, "state": state, "url": _URL, "name": _NAME}
        drawn[alike] = render_to_string("console/row_buttons.html", values)
    # The name goes in last, so that nothing in it is taken for a place to fill.
    text: str = drawn[alike].replace(_URL, escape(url)).replace(_NAME, escape(item["name"]))
    return mark_safe(text)  # noqa: S308  (both are escaped, the rest is our template)


_URL, _NAME = "@url@", "@name@"
