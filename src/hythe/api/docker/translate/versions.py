"""Fields that a version of the API took away: older clients still get them.

The newest shape with all of its predecessors' fields is made first, and what a client's version has no more is left out
here, in one table. Fields that versions add need no entry: clients skip what they do not know. Source: Docker's "Engine
API version history".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

IMAGE_UNTIL: Final[Mapping[str, tuple[int, int]]] = {
    "VirtualSize": (1, 44),
    "Container": (1, 45),
}


def image_for(version: tuple[int, ...], shown: Mapping[str, Any]) -> dict[str, Any]:
    """An image, listed or inspected, as a client of this version knows it."""
    return {
        name: value for name, value in shown.items() if name not in IMAGE_UNTIL or version < IMAGE_UNTIL[name]
    }
