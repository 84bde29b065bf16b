"""Every argument and option of `manage.py` with every hostile value: exit codes, and one line."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest

from sites.models import Host
from tests.hostile.commands import Ended, Parameter, Part, Terminal, parts
from tests.hostile.corpus import WHOLE, Corpus, encodable
from tests.hostile.world import Kept
from tests.people import person
from tests.siteflow.things import SLUG, Things, queued, things

__all__ = ["things"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rights_once")]
MAX_ARGUMENT: Final = 131_071  # bytes: Linux takes no more in one argument
NO_UTF8: Final = ("\udcff", "x\udc80y", "\udced\udca0\udc80")  # as Python hands such bytes on
# The values of all required parameters, of a call that does something.
RIGHT: Final[dict[str, dict[str, str]]] = {
    "host add": {"name": "new", "ssh": "a@192.0.2.1"},
    "host restart-service": {"service": "x.service"},
    "host terminals": {"policy": "buffered"},
    "alert mute": {"period": "1h"},
    "domain add": {"site": "web1/shop", "name": "new.example.com"},
    "domain set-password": {"user": "carol"},
    "domain remove-password": {"user": "dave"},
    "container create": {"name": "fresh", "image": "nginx:1.28"},
    "image list": {"host": "web1"},
    "image check": {"host": "web1", "name": "free:1"},
    "image pull": {"host": "web1", "name": "nginx:1.27"},
    "image tag": {"host": "web1", "name": "nginx:1.27", "new_name": "web:2"},
    "image remove": {"host": "web1", "name": "free:1"},
    "image prune": {"host": "web1"},
    "volume list": {"host": "web1"},
    "volume create": {"host": "web1", "name": "data"},
    "volume remove": {"host": "web1", "name": "free"},
    "network list": {"host": "web1"},
    "network create": {"host": "web1", "name": "back"},
    "network remove": {"host": "web1", "name": "free"},
    "nas set": {"folder": "/volume1/backups"},
    "nas forget": {"folder": "/volume1/backups"},
    "site pin": {"number": "1"},
    "site plan": {"number": "1"},
    "site provision": {"name": "fresh", "template": "static"},
    "site release": {"number": "1"},
    "template roll": {"name": "static"},
    "user add": {"name": "new"},
    "user role": {"move": "give", "role": "viewer"},
    "user token": {"scopes": "read"},
}
NAMES: Final = {
    "host": "web1", "container": "web1/shop-web-1", "user": "alice", "site": "web1/shop",
    "domain": "shop.example.com", "cert": "shop.example.com", "proxy": "web1",
    "quarantine": "old", "template": SLUG, "backup": "web1/shop", "nas": "web1", "notify": "ops",
    "image": "free:1", "volume": "free", "network": "free",
}  # fmt: skip
# What is not as this needs it; everything else has to succeed before it is tried.
REFUSED: Final = {
    "host confirm": 1, "user enable": 1, "domain set-password": 2, "site discard": 1,
    "site disown": 1, "site plan": 1, "alert list": 1,
    "nas set": 2, "nas forget": 2,
}  # fmt: skip
ALONE: Final = [one for one in parts() if one.parameters]
AGAIN: Final = 10
# Their commands take longer than others: each parameter gets a part of the values, others for each.
SLOW: Final = {"site": 4, "domain": 4, "container": 4}


@pytest.fixture
def terminal(
    things: Things, admin: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Terminal:
    """In a folder of its own: exports go where they are told to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execv", lambda path, argv: None)
    person("alice")
    return Terminal(monkeypatch)


def right(part: Part, things: Things) -> dict[str, str]:
    given = dict(RIGHT.get(str(part), {}))
    if any(one.name == "name" for one in part.parameters):
        given.setdefault("name", NAMES[next(word for word in part.words if word in NAMES)])
    if part.words[0] == "operation" and any(one.name == "number" for one in part.parameters):
        given["number"] = str(queued(things, ended=part.words[1] == "retry"))
    if part.words[0] == "alert" and any(one.name == "number" for one in part.parameters):
        given["number"] = str(things["alert"])
    if "rollout" in part.words[-1]:
        given["number"] = str(things["rollout"])
    if any(one.name == "fingerprint" for one in part.parameters):
        given["fingerprint"] = Host.objects.get().offered_fingerprint
    return given


def test_all_are_found() -> None:
    assert {part.words[0] for part in ALONE} >= {"audit", "container", "host", "operation", "serve"}
    assert sum(len(part.parameters) for part in ALONE) >= 85


def sayable(corpus: Corpus) -> list[str]:
    """What an argument of a process can carry."""
    texts = [value.text for value in corpus.core if encodable(value.text)]
    texts = [text for text in texts if "\0" not in text and len(text.encode()) < MAX_ARGUMENT]
    return [*texts, *NO_UTF8]


def texts_for(one: Parameter, corpus: Corpus, number: int, *, is_new: bool) -> list[str]:
    """What the same words mean elsewhere, and what no code of ours ever sees, gets a tenth."""
    if one.is_text and is_new:
        return sayable(corpus)
    numbers = [] if one.is_text else [value.text for value in corpus.of("numbers")]
    return [*sayable(corpus)[number % AGAIN :: AGAIN], *numbers]


def assert_well_ended(ended: Ended, where: object) -> None:
    """0, 1 or 2, and whatever of the value is shown cannot steer a terminal or forge a line."""
    assert ended.trace == "", where
    assert ended.code in (0, 1, 2), where
    said = ended.out + ended.err
    assert not {char for char in said if char != "\n" and unicodedata.category(char)[0] == "C"}, (
        where,
        said,
    )
    lines = ended.err.rstrip("\n").split("\n")
    told = [line for line in lines if not line.startswith(("usage: ", "  "))]
    assert len(told) <= 2, (where, ended.err)
    assert ended.err.strip() or ended.code == 0, where


@pytest.mark.parametrize("name", sorted({part.words[0] for part in ALONE}))
def test_a_command(name: str, terminal: Terminal, things: Things, corpus: Corpus) -> None:
    """Each parameter alone with each value, all others right."""
    tried, runs = set[Parameter](), 0
    for part in ALONE:
        if part.words[0] != name:
            continue
        given, all_kept = right(part, things), Kept()
        with all_kept.watched():
            ended = terminal.run(part.argv(given))
            assert ended.code == REFUSED.get(str(part), 0), (str(part), ended)
        for number, one in enumerate(part.parameters):
            is_new = one not in tried or "add" in part.words
            texts = texts_for(one, corpus, number, is_new=is_new)
            for text in texts if WHOLE else texts[number % SLOW.get(name, 1) :: SLOW.get(name, 1)]:
                runs += 1
                with all_kept.watched():
                    ended = terminal.run(part.argv({**given, one.name: text}))
                    assert_well_ended(ended, (str(part), one.name, text))
                    if ended.code == 2:
                        all_kept.assert_same()
            tried.add(one)
    print(f"{name}: {len(tried)} parameters, {runs} runs")
    assert runs >= corpus.enough


@pytest.mark.parametrize(
    "argv",
    [
        ("host", "add", "new", "--ssh=a@192.0.2.1", "--password-stdin"),
        ("host", "add", "new", "--ssh=a@192.0.2.1", "--key-file=key", "--passphrase-stdin"),
        ("user", "add", "new", "--password-stdin"),
        ("domain", "set-password", "shop.example.com", "--user=carol"),
    ],
    ids=" ".join,
)
def test_standard_input_and_a_key_s_file(
    argv: tuple[str, ...], terminal: Terminal, corpus: Corpus
) -> None:
    texts = [value.text.encode("utf-8", "surrogatepass") for value in corpus.core]
    all_kept = Kept()
    for text in [*texts, b"\xff", b"x\xc0\xaf\n", b""]:
        Path("key").write_bytes(text)
        with all_kept.watched():
            assert_well_ended(terminal.run(argv, stdin=text), text[:100])


def test_what_has_no_end_is_no_key(terminal: Terminal) -> None:
    argv = ("host", "add", "new", "--ssh=a@192.0.2.1", "--key-file=/dev/zero")
    ended = terminal.run(argv)
    assert ended.code == 2 and "private_key" in ended.err


@pytest.mark.parametrize("words", [["host"], ["host", "list"], ["user", "show", "alice"]])
def test_where_nothing_or_something_else_belongs(
    words: list[str], terminal: Terminal, corpus: Corpus
) -> None:
    for text in sayable(corpus):
        assert_well_ended(terminal.run([*words, text]), text)
        assert_well_ended(terminal.run([*words, f"--{text}"]), text)


def test_a_label_is_as_short_as_elsewhere(terminal: Terminal) -> None:
    argv = ["user", "token", "alice", "--scopes=read", f"--label={'x' * 101}"]
    assert terminal.run(argv).code == 2


def test_no_address_to_serve_at_is_taken_for_an_option(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda path, argv: asked.append(argv))
    assert terminal.run(["serve", "--host=--only=web"]).code == 0
    assert "--host=--only=web" in asked[0] and "--only=web" not in asked[0]
