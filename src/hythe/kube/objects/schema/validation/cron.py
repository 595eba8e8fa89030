"""Whether text is a cron schedule: five fields, or one of the @words.

The messages are those of the cron library that Kubernetes uses (robfig/cron v3). When a schedule is due is the
CronJob controller's affair.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_MONTHS: Final = {
    name: at for at, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
_DAYS: Final = {name: at for at, name in enumerate("sun mon tue wed thu fri sat".split())}
_FIELDS: Final[tuple[tuple[int, int, dict[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_DURATION: Final = r"([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+"


def problem(schedule: str) -> str:
    """What is wrong with a schedule; empty for a good one."""
    if schedule.startswith("@"):
        return _word(schedule)
    fields = schedule.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for text, (least, most, known) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            if wrong := _part(part, least, most, known):
                return wrong
    return ""


def _word(schedule: str) -> str:
    if schedule in _WORDS:
        return ""
    if schedule.startswith("@every "):
        text = schedule.removeprefix("@every ")
        return (
            ""
            if re.fullmatch(_DURATION, text)
            else f'failed to parse duration {schedule}: time: invalid duration "{text}"'
        )
    return f"unrecognized descriptor: {schedule}"


def _part(part: str, least: int, most: int, known: dict[str, int]) -> str:
    """What is wrong with `*`, `a`, `a-b`, each with `/step`."""
    span, *steps = part.split("/")
    if len(steps) > 1:
        return f"too many slashes: {part}"
    bounds = span.split("-")
    if len(bounds) > 2:
        return f"too many hyphens: {part}"
    if span in ("*", "?"):
        start, end = least, most
    else:
        numbers = [_number(bound, known) for bound in bounds]
        for bound, number in zip(bounds, numbers, strict=True):
            if number is None:
                return f'failed to parse int from {bound}: strconv.Atoi: parsing "{bound}": invalid syntax'
        start, end = numbers[0] or 0, numbers[-1] or 0
    if start < least:
        return f"beginning of range ({start}) below minimum ({least}): {part}"
    if end > most:
        return f"end of range ({end}) above maximum ({most}): {part}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {part}"
    if steps and not steps[0].isdigit():
        return f'failed to parse int from {steps[0]}: strconv.Atoi: parsing "{steps[0]}": invalid syntax'
    return f"step of range should be a positive number: {part}" if steps and int(steps[0]) == 0 else ""


def _number(text: str, known: dict[str, int]) -> int | None:
    if text.lower() in known:
        return known[text.lower()]
    return int(text) if text.isdigit() else None
