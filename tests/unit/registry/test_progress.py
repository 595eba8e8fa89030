"""Bars and sizes, as docker draws them."""

from __future__ import annotations

import pytest

from hythe.registry.progress import Message, Meter, drawn, short


@pytest.mark.parametrize(
    ("current", "total", "shown"),
    [
        (35840, 1982374, "[>                                                  ]  35.84kB/1.982MB"),
        (32768, 1068636, "[=>                                                 ]  32.77kB/1.069MB"),
        (1068636, 1068636, "[==================================================>]  1.069MB/1.069MB"),
        (2129920, 1982374, "[==================================================>]   2.13MB"),
        (512, 0, "    512B"),
    ],
)
def test_bars(current: int, total: int, shown: str) -> None:
    """The first four are dockerd's own, of version 20.10."""
    assert drawn(current, total) == shown


def test_a_meter_shows_the_end_once_and_not_everything_before() -> None:
    told: list[Message] = []
    meter = Meter(told.append, "id", "Downloading", 1000)
    for current in (*range(1, 1001), 1000, 1000):
        meter.show(current)
    shown = [one["progressDetail"]["current"] for one in told]
    assert shown[0] == 1 and shown[-1] == 1000 and len(shown) < 20 and shown.count(1000) == 1


def test_a_layer_is_called_by_the_beginning_of_its_digest() -> None:
    assert short("sha256:" + "0123456789abcdef" * 4) == "0123456789ab"
