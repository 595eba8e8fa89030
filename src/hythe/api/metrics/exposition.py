"""Prometheus' text format: families of samples as lines.

    # HELP NAME what it is
    # TYPE NAME counter
    NAME{label="value"} 1.5

A label's value has \\, " and newlines escaped; what is written is what `prometheus_client.parser` reads. Source:
Prometheus, "Exposition formats", version 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the upper ends of a histogram's buckets, those of Prometheus' own clients, so of dockerd."""

Labels = Mapping[str, str]


class Sample(NamedTuple):
    """`suffix` is what the name has behind the family's: "_bucket", "_sum", "_count"."""

    value: float
    labels: Labels
    suffix: str = ""


class Family(NamedTuple):
    """All samples of one name. A counter's name ends in _total."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: Sequence[Sample]


class Histogram:
    """How often something took how long, in seconds."""

    def __init__(self) -> None:
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._buckets[bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def samples(self, labels: Labels) -> list[Sample]:
        """Each bucket has those of the ones before it, too."""
        found, total = [], 0
        for bound, count in zip((*map(number, BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            found.append(Sample(total, {**labels, "le": bound}, "_bucket"))
        return [*found, Sample(self._sum, labels, "_sum"), Sample(total, labels, "_count")]


def gauge(name: str, help: str, value: float, **labels: str) -> Family:
    return Family(name, "gauge", help, [Sample(value, labels)])


def counter(name: str, help: str, value: float, **labels: str) -> Family:
    return Family(name, "counter", help, [Sample(value, labels)])


def text(families: Iterable[Family]) -> str:
    """The whole answer; a family without samples is left out."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines += [f"# HELP {family.name} {_escaped(family.help)}", f"# TYPE {family.name} {family.kind}"]
            lines += [_line(family.name, sample) for sample in family.samples]
    return "\n".join([*lines, ""])


def number(value: float) -> str:
    """Whole numbers without a fraction, others as short as they can be told apart."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{_quoted(value)}"' for key, value in sample.labels.items())
    return (
        f"{name}{sample.suffix}{{{labels}}} {number(sample.value)}"
        if labels
        else (f"{name}{sample.suffix} {number(sample.value)}")
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(value: str) -> str:
    return _escaped(value).replace('"', '\\"')
