"""The page that tells what an account can see and do, and why."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from siteflow.accounts.holds import hold_of
from siteflow.accounts.models import ApiToken
from siteflow.people.answers import answers, candidates, done, listed, rights, seen
from siteflow.people.guards import AccountError
from siteflow.people.places import suggestions, thing_named
from siteflow.people.subject import Subject
from sites.models import Tag

PER_PAGE = 50


def can_page(request: HttpRequest, user: User, frame: dict[str, Any]) -> TemplateResponse:
    tokens = ApiToken.objects.filter(user=user).valid(now=timezone.now())
    token = _token(request, tokens)
    subject = Subject(user, token)
    context = {
        **frame,
        "row": user,
        "title": f"What {user} can see and do",
        "subject": subject,
        "hold": hold_of(subject.user),
        "token": token,
        "tokens_listed": tokens,
    }
    if of := request.GET.get("of", ""):
        return _list(request, subject, of, context)
    context |= _picked(request, subject)
    context |= {
        "places": suggestions(request.user)[1:],  # all but everything
        "seen": seen(subject, visitor=request.user),
        "done": done(subject, visitor=request.user),
        "rights": list(rights(subject)),
    }
    return TemplateResponse(request, "people/can.html", context)


def _token(request: HttpRequest, tokens: Any) -> ApiToken | None:
    key = request.GET.get("token", "")
    if not key:
        return None
    if not key.isdecimal() or len(key) > 18:
        raise Http404
    token: ApiToken = get_object_or_404(tokens, pk=int(key))
    return token


def _picked(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """The answer for the thing that was asked for; else things with such a name."""
    text = request.GET.get("thing", "").strip()[:200]
    if not text:
        return {}
    try:
        thing = thing_named(text, to=request.user)
    except AccountError as error:
        name = text.partition(":")[2] or text
        found = candidates(name.partition("@")[0], visitor=request.user)
        return {"asked": text, "problem": error.message, "found": found}
    if isinstance(thing, Tag):
        return {"asked": text, "problem": "Ask for a host or site that carries the tag."}
    return {"asked": text, "thing": thing, "answers": answers(subject, thing)}


def _list(
    request: HttpRequest, subject: Subject, of: str, context: dict[str, Any]
) -> TemplateResponse:
    chosen = listed(subject, of, visitor=request.user)
    if chosen is None:
        raise Http404
    title, permission, rows = chosen
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    things = [(thing, subject.why(permission, thing)) for thing in page.object_list]
    context |= {"of": of, "list_title": title, "page": page, "things": things}
    context["numbers"] = page.paginator.get_elided_page_range(page.number)
    return TemplateResponse(request, "people/can_list.html", context)
