from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.dotenv import dump, load
from provisioning.drivers.errors import DriverError
from tests.hostile.families import FAMILIES

NASTY = (
    "", " ", " a ", "p@ss'w\"o$rd #1", "it's", "''", '"', "\\", "a\\", "a\\\\", "\\'", "\\\\'",
    "\\n", "$", "$$", "${A}", "$A", "\\$A", "a #b", "#", "=", "a=b", ": x", "line\nbreak", "\n",
    "\r\n", "\r", "x\r\ny\\", "ü", "😀", "\u2028", "\ufeff", "\x85\xa0", "\t", "\v\f", "\x1b[0m",
    '{"a": [1, "b"]}',
    "\\0101", "export A=1", "`id`", "a'b\"c\\d$e\r\nf",
)  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def named(values: tuple[str, ...]) -> dict[str, str]:
    return {f"V{number}": value for number, value in enumerate(values)}


def test_in_single_quotes_where_it_can_be() -> None:
    env = {"TITLE": 'A "shop" for $5 #1', "_x": "a\nb", "C": "it's $1", "D": "a\\", "E": "\r"}
    assert dump(env) == (
        "TITLE='A \"shop\" for $5 #1'\n_x='a\nb'\n"
        'C="it\'s \\$1"\nD="a\\\\"\nE="\\r"\n'
    )  # fmt: skip


def test_every_value_comes_back() -> None:
    env = everything()
    assert len(env) > 300
    assert load(dump(env)) == env


def everything() -> dict[str, str]:
    hostile = (text for texts in FAMILIES.values() for text in texts if _is_text(text))
    return named((*NASTY, *hostile))


def _is_text(text: str) -> bool:
    return (
        len(text) < 50_000
        and "\0" not in text
        and not any("\ud800" <= char <= "\udfff" for char in text)
    )


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), TEXT))
def test_any_text_comes_back(env: dict[str, str]) -> None:
    assert load(dump(env)) == env


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("\\'\"$\r\n{}#a =")))
def test_any_knot_of_quotes_comes_back(value: str) -> None:
    assert load(dump({"A": value, "B": "after"})) == {"A": value, "B": "after"}


@pytest.mark.parametrize("name", ["", "1A", "A B", "A-B", "A=B", "A\n", "ä", "A\nB='x'"])
def test_a_name_is_the_name_of_a_variable(name: str) -> None:
    with pytest.raises(DriverError) as caught:
        dump({name: "x"})
    assert caught.value.code == "bad_argument"


@pytest.mark.parametrize("value", ["s3cret\0", "s3cret\ud800", "s3cret" * 200_000])
def test_a_value_that_cannot_be_kept_is_refused_and_not_told(value: str) -> None:
    with pytest.raises(DriverError) as caught:
        dump({"A": value})
    assert caught.value.code == "bad_argument"
    assert "s3cret" not in caught.value.message


# What Compose 2.26 made of these lines, by ``docker compose config --format json``.
HANDWRITTEN = (
    r"""# a comment
A='x\'y'
B='a\nb\\c'
C="q\"\\\$x \$y $$z\r\n"
D='two
lines'
E=plain # comment

F: colon
export G=1
I="${A}-$B"
J=$A/x
K='#no' # yes
L=
M=a#b
N="a'b"
O =  spaced  """
    + r"""
P= 'quoted' """
    + r"""
Q="\0101\tx"
R=a\nb
S=${nope:-other}${L:-empty}${L-}${A:+there}${nope+x}
T=$nope.
INHERITED
"""
)  # noqa: ISC003 - blanks at the end of these lines are part of the test
READ = {
    "A": "x'y", "B": "a\\nb\\\\c", "C": 'q"\\$x $y $z\r\n', "D": "two\nlines", "E": "plain",
    "F": "colon", "G": "1", "I": "x'y-a\\nb\\\\c", "J": "x'y/x", "K": "#no", "L": "", "M": "a#b",
    "N": "a'b", "O": "spaced", "P": "quoted", "Q": "A\tx", "R": "a\\nb", "S": "otheremptythere",
    "T": ".",
}  # fmt: skip


def test_reads_what_people_write() -> None:
    assert load(HANDWRITTEN) == READ
    assert load("\ufeff" + HANDWRITTEN.replace("\n", "\r\n")) == READ


@pytest.mark.parametrize(
    "text",
    ["A='open", 'A="open\n', "A=1\n='x'", "s3cret words\n", "A=$", "A=${", "A=${a.b}", "A=${x?no}"]
    + ["A='it''s'", "A=${L:?}", "A=$1"],
)
def test_what_compose_refuses(text: str) -> None:
    with pytest.raises(DriverError) as caught:
        load("B=2\n" + text)
    assert caught.value.code == "bad_compose"
    assert ".env, line " in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_file_that_unfolds_without_end_is_refused() -> None:
    lines = ["A0=xxxxxxxxxx"] + [f"A{n}=$A{n - 1}$A{n - 1}" for n in range(1, 60)]
    with pytest.raises(DriverError):
        load("\n".join(lines))
    with pytest.raises(DriverError):
        load("A=" + "x" * 90_000 + "\nB=" + "$A" * 50_000)


def test_a_long_file_is_read_in_time() -> None:
    text = "".join(f"A{number}=$A\n" for number in range(50_000))
    started = time.monotonic()
    assert len(load(text)) == 50_000
    assert time.monotonic() - started < 5
