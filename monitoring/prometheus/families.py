"""Metrics as prometheus-client wants them. Its names and units follow Prometheus' own advice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

Labels = Mapping[str, str]
Sample = tuple[Labels, float]
PREFIX: Final = "siteflow_"


def gauge(name: str, help_text: str, samples: Iterable[Sample]) -> Iterator[Metric]:
    """Nothing at all without samples: a metric nobody has a value of is not told."""
    family: GaugeMetricFamily | None = None
    for labels, value in samples:
        if family is None:
            family = GaugeMetricFamily(PREFIX + name, help_text, labels=list(labels))
        family.add_metric(list(labels.values()), value)
    if family is not None:
        yield family


def one_hot(labels: Labels, states: Iterable[str], state: str) -> Iterator[Sample]:
    """1 for the state it is in, 0 for each other one; "unknown" is a state."""
    known = list(states)
    for each in known if state in known else [*known, state]:
        yield {**labels, "state": each}, float(each == state)
