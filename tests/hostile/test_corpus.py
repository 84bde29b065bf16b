"""The corpus is as large as promised, and its values do run where a program is careless."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.hostile.corpus import Corpus, encodable
from tests.hostile.families import FAMILIES
from tests.hostile.legal import SECRETS

CARELESS = ("echo {}", "echo '{}'", 'echo "{}"')


@pytest.fixture
def corpus() -> Iterator[Corpus]:
    made = Corpus()
    yield made
    made.clean()


def test_it_is_large_and_nothing_is_in_it_twice(corpus: Corpus) -> None:
    assert len(FAMILIES) >= 14
    assert len(set(corpus.texts)) == len(corpus.texts) >= 450
    assert len(set(SECRETS)) == len(SECRETS) >= 60
    assert all(encodable(text) for text in SECRETS)


def test_a_careless_shell_runs_nearly_all_of_the_shell_family(corpus: Corpus) -> None:
    values = corpus.of("shell")
    for value in values:
        for command in CARELESS:
            subprocess.run(
                ["/bin/bash", "-c", command.replace("{}", value.text)],
                capture_output=True, timeout=10, stdin=subprocess.DEVNULL, cwd="/tmp",
            )  # fmt: skip
    assert len(corpus.ran()) >= 0.8 * len(values)
    corpus.clean()
    assert corpus.ran() == []
