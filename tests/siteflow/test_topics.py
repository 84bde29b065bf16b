from __future__ import annotations

import pytest

from siteflow.topics import TOPICS, UnknownTopic, topic_of


def test_names_with_and_without_a_key() -> None:
    assert topic_of("hosts") == (TOPICS["hosts"], 0)
    assert topic_of("containers") == (TOPICS["containers"], 0)
    assert topic_of("containers.7") == (TOPICS["containers."], 7)
    assert topic_of("operation.12") == (TOPICS["operation."], 12)
    assert topic_of("metrics.7") == (TOPICS["metrics."], 7)
    assert topic_of("metrics.site.7") == (TOPICS["metrics.site."], 7)


@pytest.mark.parametrize(
    "name",
    ["", ".", "nothing", "backups", "containers.", "containers.007", "containers.x",
     "containers.-1", "metrics", "metrics.site", "metrics.site.", "metrics.disk.7", ".7", "7",
     "containers.1.2", "containers.\u0661", "operation", "hosts.1", "operation." + "9" * 30],
)  # fmt: skip
def test_there_is_one_way_to_write_each(name: str) -> None:
    with pytest.raises(UnknownTopic):
        topic_of(name)
