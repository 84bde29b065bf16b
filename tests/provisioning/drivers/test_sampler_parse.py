"""The sampler's answers as values, whatever bytes a host sends in their place."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers.sampler_parse import (
    MAX_CONTAINERS,
    MAX_LINE_BYTES,
    ContainerCounters,
    HostCounters,
    Sample,
    SampleReader,
)

ID = "4f" * 32
HOST = b"t 2 12.50\nl 0.1 0.2 0.3\np 2 1 2 3 4 5 6 7 8\nm 100 50 10 5\nn 7 8\n"
LINE = f"c {ID} 42 7000000 4096 96 max 1 2 3 4 5\n".encode()
WORDS = st.sampled_from(
    ["t", "c", "m", "p", "n", "l", ".", "0", "1", "2", "-", "max", ID, "9" * 30, "1e9", "-5", "٣"]
)
ANSWER_LIKE = st.lists(
    st.lists(WORDS, min_size=1, max_size=13).map(lambda words: " ".join(words).encode() + b"\n")
).map(b"".join)


def read(*pieces: bytes) -> list[Sample | None]:
    reader = SampleReader()
    return [sample for piece in pieces for sample in reader.feed(piece)]


def test_a_whole_block_is_one_sample() -> None:
    (found,) = read(HOST + LINE + b". 0\n")
    assert found is not None
    assert (found.uptime_s, found.host.cpus, found.host.cpu_ticks[0]) == (12.5, 2, 1)
    # no limit: that of the host
    assert found.containers[ID] == ContainerCounters(42, 7e6, 4000, 102_400, 1, 2, 3, 4, 5)


def test_the_cut_of_the_pieces_does_not_matter() -> None:
    answer = HOST + LINE + b". 0\n"
    assert read(*(bytes([byte]) for byte in answer)) == read(answer)


def test_version_1_counts_nanoseconds() -> None:
    (found,) = read(b"t 1 1\n" + LINE + b". 0\n")
    assert found is not None
    assert found.containers[ID].cpu_us == 7000


def test_what_failed_is_no_sample_and_is_not_mixed_with_the_next() -> None:
    assert read(HOST + LINE + b". 2\n") == [None]
    (failed, found) = read(HOST + LINE + b". 2\n" + HOST + b". 0\n")
    assert failed is None
    assert found is not None
    assert found.containers == {}


def test_a_block_that_was_broken_off_gives_nothing() -> None:
    assert read(HOST + LINE) == []
    (found,) = read(HOST + LINE, HOST + b". 0\n")
    assert found is not None
    assert found.containers == {}


def test_a_line_that_is_too_long_is_passed_over() -> None:
    long = b"c " + b"f" * MAX_LINE_BYTES * 3
    (found,) = read(HOST, long, long, b"\n", LINE, b". 0\n")
    assert found is not None
    assert set(found.containers) == {ID}


def test_a_host_cannot_fill_the_memory_with_containers() -> None:
    lines = b"".join(LINE.replace(ID.encode(), b"%064x" % number) for number in range(6000))
    (found,) = read(HOST + lines + b". 0\n")
    assert found is not None
    assert len(found.containers) == MAX_CONTAINERS


def check(sample: Sample | None) -> None:
    if sample is None:
        return
    assert 0 <= sample.uptime_s < 1e13
    every: list[HostCounters | ContainerCounters] = [sample.host, *sample.containers.values()]
    for counters in every:
        for each in fields(counters):
            value = getattr(counters, each.name)
            numbers = value if isinstance(value, tuple) else (value,)
            assert all(number is None or 0 <= number < 2**63 for number in numbers)


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(), ANSWER_LIKE, st.just(HOST), st.just(b". 0\n"))))
def test_any_bytes(pieces: list[bytes]) -> None:
    for sample in read(*pieces):
        check(sample)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=MAX_LINE_BYTES // 2), ANSWER_LIKE))
def test_the_next_answer_is_read_whatever_came_before(noise: bytes) -> None:
    found = read(noise, b"\n", HOST + LINE + b". 0\n")[-1]
    assert found is not None
    assert found.containers[ID].pids == 5
