"""Limits of single devices as values of HostConfig: weights, rates of block devices, and device rules.

What can be seen in the text alone is refused here, in docker's words; the engine knows the devices.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hythe.base.units import parse_size
from hythe.errors import InvalidArgument

Json = dict[str, Any]

_RULE: Final = re.compile(r"[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}")


def weight(text: str) -> Json:
    """ "/dev/sda:500" -> {"Path", "Weight"}."""
    path, value = _device(text)
    if not value.isdecimal() or not 10 <= int(value) <= 1000:
        raise InvalidArgument(f"invalid weight for device: {text}", hint="a weight is from 10 to 1000")
    return {"Path": path, "Weight": int(value)}


def bytes_rate(text: str) -> Json:
    """ "/dev/sda:1mb" -> {"Path", "Rate"}: bytes a second."""
    path, value = _device(text)
    try:
        return {"Path": path, "Rate": parse_size(value)}
    except InvalidArgument as error:
        raise InvalidArgument(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. Number must "
            "be a positive integer. Unit is optional and can be kb, mb, or gb"
        ) from error


def operations_rate(text: str) -> Json:
    """ "/dev/sda:100" -> {"Path", "Rate"}: operations a second."""
    path, value = _device(text)
    if not value.isdecimal():
        raise InvalidArgument(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>. Number must be a "
            "positive integer"
        )
    return {"Path": path, "Rate": int(value)}


def device_rule(text: str) -> str:
    """ "c 13:* rwm", checked."""
    if not _RULE.fullmatch(text):
        raise InvalidArgument(f"invalid device cgroup format '{text}'", hint='write it like "c 13:* rwm"')
    return text


def _device(text: str) -> tuple[str, str]:
    path, colon, value = text.partition(":")
    if not colon:
        raise InvalidArgument(f"bad format: {text}", hint="write PATH:VALUE")
    if not path.startswith("/dev/"):
        raise InvalidArgument(f"bad format for device path: {text}", hint="the path is below /dev")
    return path, value
