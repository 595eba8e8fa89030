"""The formats of texts that Kubernetes checks in custom objects; others are ignored.

Source: kube-openapi, pkg/validation/strfmt; apiextensions, pkg/apiserver/validation/formats.go.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from typing import Final

from hythe.errors import InvalidArgument
from hythe.kube.objects import names, quantity

_DATETIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
)
_LABEL: Final = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_UUID: Final = (
    r"[0-9a-fA-F]{{8}}-?[0-9a-fA-F]{{4}}-?{0}[0-9a-fA-F]{{3}}-?{1}[0-9a-fA-F]{{3}}-?[0-9a-fA-F]{{12}}"
)
_MAC: Final = re.compile(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}")
_UNITS: Final = (
    r"h|m|s|ms|us|µs|ns|hours?|minutes?|min|seconds?|sec|days?|d|weeks?|w|milli\w*|micro\w*|nano\w*"
)
_DURATION: Final = re.compile(rf"(-?(\d+(\.\d*)?|\.\d+) *({_UNITS}))+")


def _date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _datetime(text: str) -> bool:
    match = _DATETIME.fullmatch(text)
    return match is not None and _date(match[1])


def _address(version: int) -> Callable[[str], bool]:
    def checked(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return checked


def _cidr(text: str) -> bool:
    try:
        return "/" in text and bool(ipaddress.ip_interface(text))
    except ValueError:
        return False


def _base64(text: str) -> bool:
    try:
        return bool(text) and base64.b64decode(text, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def _quantity(text: str) -> bool:
    try:
        quantity.parse(text)
    except InvalidArgument:
        return False
    return True


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _duration(text: str) -> bool:
    return _DURATION.fullmatch(text) is not None


_FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "byte": _base64,
    "cidr": _cidr,
    "date": _date,
    "date-time": _datetime,
    "datetime": _datetime,
    "duration": _duration,
    "email": _matches(r"[^@\s<>]+@[^@\s<>]+"),
    "hexcolor": _matches(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "hostname": lambda text: len(text) <= 255 and _HOSTNAME.fullmatch(text) is not None,
    "ipv4": _address(4),
    "ipv6": _address(6),
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "password": lambda text: True,
    "uri": _matches(r"(/|[a-zA-Z][a-zA-Z0-9+.-]*:)\S*"),
    "uuid": _matches(_UUID.format("[0-9a-fA-F]", "[0-9a-fA-F]")),
    "uuid3": _matches(_UUID.format("3", "[0-9a-fA-F]")),
    "uuid4": _matches(_UUID.format("4", "[89abAB]")),
    "uuid5": _matches(_UUID.format("5", "[89abAB]")),
    "k8s-short-name": lambda text: not names.dns_label(text),
    "k8s-long-name": lambda text: not names.dns_subdomain(text),
    "quantity": _quantity,
}


def accepts(name: str, text: str) -> bool:
    """Whether a text has the format; every text has a format that is not known."""
    check = _FORMATS.get(name)
    return check is None or check(text)


_RANGES: Final = {"int32": (-(2**31), 2**31), "int64": (-(2**63), 2**63)}


def in_range(name: str, number: float) -> bool:
    """Whether a whole number fits its format (int32, int64)."""
    low, high = _RANGES.get(name, (float("-inf"), float("inf")))
    return low <= number < high
