"""`$(NAME)` in arguments and values: replaced where the variable is known, kept as it is where it is not.

`$$(NAME)` is the text `$(NAME)`. Source: third_party/forked/golang/expansion of Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_REFERENCE: Final = re.compile(r"\$(?:(\$)|\(([^)]*)\))")


def expand(text: str, env: Mapping[str, str]) -> str:
    """Other dollars stay."""

    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        return env.get(match[2], match[0])

    return _REFERENCE.sub(replaced, text)


def unknown_names(text: str, env: Mapping[str, str]) -> list[str]:
    """Variables that `text` refers to and that are not there."""
    return [m[2] for m in _REFERENCE.finditer(text) if not m[1] and m[2] not in env]
