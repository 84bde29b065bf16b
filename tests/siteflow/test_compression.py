from __future__ import annotations

import gzip

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from siteflow.compression import WORTH_IT_BYTES, Compressed
from tests.people import logged_in

GZIP = {"accept-encoding": "gzip, br"}


def compressed(response: HttpResponseBase, **headers: str) -> HttpResponseBase:
    def view(request: HttpRequest) -> HttpResponseBase:
        return response

    answer = Compressed(view)(RequestFactory().get("/", headers={**GZIP, **headers}))
    assert isinstance(answer, HttpResponseBase)
    return answer


def test_what_is_large_is_compressed_for_who_can_read_it() -> None:
    answer = compressed(HttpResponse(b"x" * WORTH_IT_BYTES))
    assert isinstance(answer, HttpResponse)
    assert answer["Content-Encoding"] == "gzip" and "Accept-Encoding" in answer["Vary"]
    assert gzip.decompress(answer.content) == b"x" * WORTH_IT_BYTES
    assert int(answer["Content-Length"]) == len(answer.content)
    plain = compressed(HttpResponse(b"x" * 5000), **{"accept-encoding": "identity"})
    assert "Content-Encoding" not in plain


def test_small_answers_and_streams_are_left_alone() -> None:
    assert "Content-Encoding" not in compressed(HttpResponse(b"x" * (WORTH_IT_BYTES - 1)))
    stream = compressed(StreamingHttpResponse([b"x" * 5000]))
    assert "Content-Encoding" not in stream


def test_lengths_differ_from_time_to_time() -> None:
    """So that nobody learns by guessing what an answer holds beside what they put into it."""
    lengths = set()
    for _ in range(20):
        answer = compressed(HttpResponse(b"x" * 5000))
        assert isinstance(answer, HttpResponse)
        lengths.add(len(answer.content))
    assert len(lengths) > 1


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", "/api/openapi.json", "/api/nothing"])
def test_pages_and_json(bob: User, path: str) -> None:
    browser = logged_in(bob)
    plain = browser.get(path)
    answer = browser.get(path, headers=GZIP)
    assert answer.status_code == plain.status_code
    is_large = len(plain.content) >= WORTH_IT_BYTES
    assert ("Content-Encoding" in answer) == is_large
    assert int(answer["Content-Length"]) == len(answer.content)
