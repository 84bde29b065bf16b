from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.hostile import printable, storable

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_one_harmless_line() -> None:
    assert printable("a\x1b[31mb\r\nc\u202ed\x9bе ü😀") == "a [31mb c d е ü😀"
    assert printable(b"\xff\xfeok\x00") == "\ufffd\ufffdok"
    assert printable("x" * 600) == "x" * 499 + "…"


@settings(deadline=None)
@given(ANY_TEXT)
def test_printable_is_one_short_line(text: str) -> None:
    shown = printable(text, limit=50)
    assert len(shown) <= 50
    assert len(shown.splitlines()) <= 1
    shown.encode()


@settings(deadline=None)
@given(ANY_TEXT)
def test_storable_can_be_stored(text: str) -> None:
    kept = storable(text, limit=20)
    assert "\0" not in kept
    kept.encode()


def test_storable_keeps_the_rest() -> None:
    assert storable("a\nb\tc ü\x00\ud800!", limit=100) == "a\nb\tc ü!"
