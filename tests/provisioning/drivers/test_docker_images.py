"""Pulling: what is asked of the Engine, and what becomes of whatever it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.drivers.docker_images import DockerImages
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.fake_things import fake_source
from provisioning.drivers.image_names import full_name, is_image_name, split_reference
from provisioning.drivers.pull_progress import (
    MAX_LAYERS,
    MAX_LINE_BYTES,
    Pulled,
    Pulling,
    PullProgress,
    meaning,
)
from provisioning.drivers.raw_http import Query

DIGEST = "sha256:" + "ab" * 32
ONE, TWO = "a" * 12, "b" * 12
END = [
    {"status": f"Digest: {DIGEST}"},
    {"status": "Status: Downloaded newer image for nginx:1.27"},
]


def layer(name: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    detail = {"current": current, "total": total} if total else {}
    return {"status": status, "id": name, "progressDetail": detail, "progress": "[=> ]"}


def lines(*told: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\r\n" for one in told)


class Stream:
    """Gives these pieces one after the other; None is silence."""

    def __init__(self, *pieces: bytes | None, alive: bool = True) -> None:
        self._pieces: Iterator[bytes | None] = iter(pieces)
        self.alive, self.closed = alive, False

    def recv(self, size: int, *, timeout_s: float) -> bytes:
        piece = next(self._pieces, b"")
        if piece is None:
            raise TimeoutError
        return piece

    def answers(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed = True


class Engine(DockerImages):
    _who = "web1"

    def __init__(self, stream: Stream | DriverError) -> None:
        self.stream = stream
        self.asked: list[tuple[Any, ...]] = []

    def _raw(
        self, what: str, method: str, path: str, *, query: Query | None = None,
        body: Any = None, upgrade: bool = False,
    ) -> Any:  # fmt: skip
        self.asked.append((method, path, dict(query or {})))
        if isinstance(self.stream, DriverError):
            raise self.stream
        return self.stream


def pulled(*pieces: bytes | None) -> tuple[Pulled, list[Pulling], Engine]:
    engine, seen = Engine(Stream(*pieces)), list[Pulling]()
    found = engine.pull_image("nginx:1.27", on_progress=seen.append)
    return found, seen, engine


def fails(*pieces: bytes | None, alive: bool = True) -> DriverError:
    stream = Stream(*pieces, alive=alive)
    with pytest.raises(DriverError) as caught:
        Engine(stream).pull_image("nginx:1.27")
    assert stream.closed
    assert caught.value.message.startswith("web1")
    return caught.value


# -- a pull -----------------------------------------------------------------------------------


def test_a_pull_tells_of_its_layers_as_they_go() -> None:
    found, seen, engine = pulled(
        lines({"status": "Pulling from a/nginx", "id": "1.27"}, layer(ONE, "Pulling fs layer")),
        lines(layer(TWO, "Already exists")),
        None,
        lines(layer(ONE, "Downloading", 50, 100)),
        lines(layer(ONE, "Downloading", 90, 100)),
        lines(layer(ONE, "Download complete"), layer(ONE, "Extracting", 50, 100)),
        lines(layer(ONE, "Pull complete"), *END),
    )  # fmt: skip
    assert found == Pulled(DIGEST, True)
    told = [[(one.name, one.status) for one in now.changed] for now in seen]
    assert told == [
        [(ONE, "Pulling fs layer")],
        [(TWO, "Already exists")],
        [],
        [(ONE, "Downloading")],
        [],
        [(ONE, "Download complete"), (ONE, "Extracting")],
        [(ONE, "Pull complete")],
    ]
    percents = [now.percent for now in seen]
    assert percents == sorted(percents) and percents[-1] == 100
    assert [(now.done, now.layers) for now in seen][-2:] == [(1, 2), (2, 2)]
    assert engine.asked == [("POST", "/images/create", {"fromImage": "nginx", "tag": "1.27"})]
    assert isinstance(engine.stream, Stream) and engine.stream.closed


def test_bytes_may_be_cut_anywhere() -> None:
    whole = lines(layer(ONE, "Pulling fs layer"), layer(ONE, "Pull complete"), *END)
    found, seen, _ = pulled(*(bytes([one]) for one in whole))
    assert found == Pulled(DIGEST, True)
    changed = [one.status for now in seen for one in now.changed]
    assert changed == ["Pulling fs layer", "Pull complete"]


def test_what_was_there_already_is_said() -> None:
    last = {"status": "Status: Image is up to date for nginx:1.27"}
    assert pulled(lines(END[0], last)[:-2])[0] == Pulled(DIGEST, False)


def test_what_listens_can_end_it() -> None:
    class Enough(Exception):
        pass

    def listen(_: Pulling) -> None:
        raise Enough

    engine = Engine(stream := Stream(None))
    with pytest.raises(Enough):
        engine.pull_image("nginx", on_progress=listen)
    assert stream.closed


def test_a_pull_has_an_end() -> None:
    with pytest.raises(DriverError) as caught:
        Engine(Stream(*[None] * 5)).pull_image("nginx", timeout_s=-1)
    assert caught.value.code == "timeout"


def test_a_host_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.drivers.docker_images._ASK_AFTER_S", -1.0)
    assert fails(None, None, alive=False).code == "link_lost"
    assert pulled(None, None, lines(*END))[0].digest == DIGEST  # silent, but it answers


# -- what goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("manifest for nginx:9 not found: manifest unknown: manifest unknown", "image_missing"),
        ("pull access denied for x, repository does not exist or may require 'docker login': "
         "denied: requested access to the resource is denied", "registry_denied"),
        ("Get https://r.test/v2/: dial tcp: lookup r.test: no such host", "registry_down"),
        ("Get https://r.test/v2/: x509: certificate signed by unknown authority", "registry_down"),
        ("toomanyrequests: You have reached your pull rate limit", "registry_denied"),
        ("write /var/lib/docker/tmp/x: no space left on device", "disk_full"),
        ("something else", "docker_error"),
    ],
)  # fmt: skip
def test_the_words_of_an_engine_have_a_meaning(words: str, code: str) -> None:
    error = fails(lines({"errorDetail": {"message": words}, "error": words}))
    assert (error.code, words in error.message) == (code, True)
    assert meaning(words, otherwise="docker_error") == code
    refused = Engine(DriverError(f"web1: pulling failed: {words}", "docker_error"))
    with pytest.raises(DriverError) as caught:
        refused.pull_image("nginx")
    assert caught.value.code == code


def test_a_host_that_cannot_be_reached_is_not_taken_for_a_registry() -> None:
    with pytest.raises(DriverError) as caught:
        Engine(DriverError("web1: connection refused", "refused")).pull_image("nginx")
    assert caught.value.code == "refused"


def test_a_pull_that_is_cut_off_is_none() -> None:
    assert fails(lines(layer(ONE, "Downloading", 1, 2))).code == "link_lost"
    assert fails().code == "link_lost"


@pytest.mark.parametrize(
    "said",
    [b"<html>\n", b"[]\n", b"7\n", b"null\n", b"[" * 5000 + b"\n", b"x" * (MAX_LINE_BYTES + 1)],
)
def test_what_is_no_progress_is_garbage(said: bytes) -> None:
    assert fails(said).code == "garbage"


@pytest.mark.parametrize(
    "told",
    [
        {}, {"status": 7}, {"status": None, "id": []}, {"id": ONE, "status": {}},
        layer(ONE, "Downloading", -5, -7), layer(ONE, "Downloading", 10**30, 10**30),
        {"id": ONE, "status": "Downloading", "progressDetail": "x"},
        {"id": ONE, "status": "Downloading", "progressDetail": {"current": True, "total": None}},
        {"id": "../../etc", "status": "Pull complete"}, {"aux": {"ID": 7}},
    ],
)  # fmt: skip
def test_odd_lines_do_no_harm(told: object) -> None:
    found, seen, _ = pulled(lines(told, *END))
    assert found.digest == DIGEST
    assert all(0 <= now.percent <= 100 for now in seen)


def test_an_error_without_words_is_one_all_the_same() -> None:
    odd: list[Any] = [{"error": 7}, {"errorDetail": []}, {"errorDetail": {"message": {}}}]
    for told in odd:
        assert "gave no reason" in fails(lines(told)).message


def test_texts_are_made_harmless_and_layers_are_bounded() -> None:
    progress = PullProgress()
    odd = progress.feed(lines(layer(ONE, "x\x1b[31m\n\0" + "y" * 9999)))
    assert len(odd.changed[0].status) == 80 and "\x1b" not in odd.changed[0].status
    many = [layer(f"{number:012x}", "Pulling fs layer") for number in range(MAX_LAYERS + 50)]
    assert progress.feed(lines(*many)).layers == MAX_LAYERS
    progress.feed(lines({"error": "bad\x1b[2J\nthing"}))
    assert progress.error == "bad [2J thing"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nginx", ("nginx", "latest")),
        ("nginx:1.27", ("nginx", "1.27")),
        ("host:5000/a/b", ("host:5000/a/b", "latest")),
        ("host:5000/a/b:1", ("host:5000/a/b", "1")),
        (f"a@{DIGEST}", ("a", DIGEST)),
        (f"host:5000/a:1@{DIGEST}", ("host:5000/a", DIGEST)),
    ],
)
def test_a_name_is_of_one_image_only(name: str, parts: tuple[str, str]) -> None:
    assert split_reference(name) == parts
    assert is_image_name(name) and is_image_name(DIGEST)
    assert full_name(name) == (name if "@" in name else ":".join(parts))


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("docker.io/library/nginx", "nginx:latest"),
        ("index.docker.io/library/nginx:1", "nginx:1"),
        ("docker.io/shop/web:2", "shop/web:2"),
        (f"docker.io/library/nginx@{DIGEST}", f"nginx@{DIGEST}"),
        ("registry.example.com/library/nginx", "registry.example.com/library/nginx:latest"),
    ],
)
def test_names_are_compared_as_they_are_listed(name: str, listed: str) -> None:
    assert full_name(name) == listed


# -- in memory --------------------------------------------------------------------------------


def test_the_host_in_memory_pulls_as_well() -> None:
    host = FakeHost()
    host.registry["nginx:1.27"] = fake_source("nginx:1.27", digest=DIGEST)
    seen: list[Pulling] = []
    assert host.docker.pull_image("nginx:1.27", on_progress=seen.append) == Pulled(DIGEST, True)
    assert host.docker.pull_image("nginx:1.27").is_new is False
    assert host.docker.image("nginx:1.27").digests == (f"nginx@{DIGEST}",)
    assert host.docker.registry_digest("nginx:1.27") == DIGEST
    newer = fake_source("nginx:1.27", image_id="sha256:" + "9" * 64)
    host.registry["nginx:1.27"] = newer
    assert host.docker.pull_image("nginx:1.27").is_new
    assert sorted(one.names for one in host.docker.images()) == [(), ("nginx:1.27",)]
    with pytest.raises(DriverError) as caught:
        host.docker.pull_image("other:1")
    assert caught.value.code == "image_missing"
