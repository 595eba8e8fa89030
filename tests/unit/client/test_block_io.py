"""Flags for single devices, as HostConfig has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hythe.client.config import block_io
from hythe.errors import InvalidArgument


def test_values() -> None:
    assert block_io.weight("/dev/sda:500") == {"Path": "/dev/sda", "Weight": 500}
    assert block_io.bytes_rate("/dev/sda:1mb") == {"Path": "/dev/sda", "Rate": 1 << 20}
    assert block_io.operations_rate("/dev/sda:7") == {"Path": "/dev/sda", "Rate": 7}
    assert block_io.device_rule("c 13:* rwm") == "c 13:* rwm"


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (block_io.weight, "/dev/sda:5", "invalid weight for device"),
        (block_io.weight, "/dev/sda", "bad format"),
        (block_io.weight, "sda:500", "bad format for device path"),
        (block_io.bytes_rate, "/dev/sda:fast", "invalid rate for device"),
        (block_io.operations_rate, "/dev/sda:1mb", "invalid rate for device"),
        (block_io.device_rule, "x 1:1 r", "invalid device cgroup format"),
    ],
)
def test_mistakes(read: Callable[[str], Any], text: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        read(text)
