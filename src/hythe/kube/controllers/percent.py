"""IntOrString: a number, or a percentage of another number. Pure."""

from __future__ import annotations


def scaled(value: int | str | None, total: int, *, up: bool, default: int | str = 0) -> int:
    """`value` itself, or that percentage of `total`, rounded `up` or down. What is no percentage counts as 0."""
    if value is None:
        value = default
    if isinstance(value, int):
        return value
    digits = value.removesuffix("%")
    if not value.endswith("%") or not digits.isdigit():
        return 0
    product = int(digits) * total
    return -(-product // 100) if up else product // 100
