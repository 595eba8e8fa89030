"""How a server says what it wants to be shown: the WWW-Authenticate header (RFC 9110, 11.6.1; RFC 6750, 3).

Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull"
Basic realm="people"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf'\s*,?\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"\s*,?\s*({_TOKEN})(?:\s+|$)(?!=)")
_LENGTH: Final = 8192


@dataclass(frozen=True)
class Challenge:
    """`scheme` and the names of parameters in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of all headers; what cannot be read is left out."""
    return [challenge for header in headers for challenge in _header(header[:_LENGTH])]


def _header(text: str) -> list[Challenge]:
    found, position = [], 0
    while scheme := _SCHEME.match(text, position):
        position = scheme.end()
        parameters = {}
        while parameter := _PARAMETER.match(text, position):
            position = parameter.end()
            quoted = parameter[2]
            value = parameter[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters[parameter[1].lower()] = value
        found.append(Challenge(scheme[1].lower(), parameters))
    return found
