"""Logs of containers on a real Engine, followed to their end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import pytest

from provisioning.drivers.ssh import SshHost
from provisioning.logs.following import Backlog, Following, More, News, Started, Stopped, Trouble
from tests.lab.images import BUSYBOX
from tests.lab.lab import Lab
from tests.provisioning.drivers.lab_targets import opened

pytestmark = pytest.mark.lab
LINES: Final = 60_000
WRITES: Final = f'BEGIN {{ for (i = 0; i < {LINES}; i++) printf "%09d %060d\\n", i, i }}'


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[SshHost]:
    with opened(lab.web2, user="ops") as driver:
        yield driver


@pytest.fixture
def talker(lab: Lab) -> Iterator[str]:
    """Not started: writes all its lines as fast as it can, and ends."""
    docker_id = lab.web2.docker("create", BUSYBOX, "awk", WRITES).strip()
    yield docker_id
    lab.web2.docker("rm", "--force", docker_id)


def numbers_of(
    lab: Lab, following: Following, name: str, *, cut_at: int | None = None
) -> list[int]:
    """Of all that comes from the container's start to its end; there may be a cut in between."""
    found: list[int] = []
    kinds: list[type[News]] = []
    for news in following.news():
        kinds.append(type(news))
        if isinstance(news, Backlog | More):
            found += [int(line.text[:9]) for line in news.lines]
            time.sleep(0.01)  # slower than what is written, as a browser may be
        elif isinstance(news, Stopped) and Started not in kinds:
            lab.web2.docker("start", name)
        elif isinstance(news, Stopped):
            break
        if cut_at is not None and len(found) > cut_at:
            cut_at = None
            lab.web2.cut()
            lab.web2.heal()
    assert kinds.count(Trouble) <= 1, kinds
    return found


@pytest.fixture
def following(host: SshHost, talker: str) -> Iterator[Following]:
    following = Following(lambda: host.docker, talker, tail=5, max_lines=1_000, max_bytes=1_000_000)
    yield following
    following.close()


def test_the_whole_log_of_a_container_that_ends_comes(
    lab: Lab, following: Following, talker: str
) -> None:
    assert numbers_of(lab, following, talker) == list(range(LINES))


def test_connections_that_break_lose_nothing_and_double_nothing(
    lab: Lab, following: Following, talker: str
) -> None:
    assert numbers_of(lab, following, talker, cut_at=LINES // 3) == list(range(LINES))
