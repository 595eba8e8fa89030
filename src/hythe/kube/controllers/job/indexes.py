"""Sets of completion indexes as text: "0,3-5,7". Pure."""

from __future__ import annotations

from collections.abc import Iterable


def parse(text: str | None, limit: int) -> set[int]:
    """Indexes below `limit`; what is malformed is left out."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, dash, last = part.partition("-")
        if first.isdigit() and (not dash or last.isdigit()):
            found.update(range(int(first), (int(last) if dash else int(first)) + 1))
    return {each for each in found if each < limit}


def text(indexes: Iterable[int]) -> str:
    """Two neighbours are written "1,2", three or more as a range."""
    parts: list[str] = []
    run: list[int] = []
    for each in [*sorted(indexes), None]:
        if run and (each is None or each != run[-1] + 1):
            parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(number) for number in run]
            run = []
        if each is not None:
            run.append(each)
    return ",".join(parts)
