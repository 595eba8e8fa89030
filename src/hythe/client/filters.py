"""Filters of lists, events and prunes: {"label": "a=b", "status": ["running", "paused"]}, as the API takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def asked(filters: Mapping[str, str | Sequence[str]] | None) -> dict[str, list[str]] | None:
    """The query parameter `filters`, which is JSON on the wire; None for none."""
    if not filters:
        return None
    return {name: [value] if isinstance(value, str) else list(value) for name, value in filters.items()}
