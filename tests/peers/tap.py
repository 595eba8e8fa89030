"""What a test program says, read as TAP (Test Anything Protocol): one `Check` for each `ok` or `not ok` line.

A program that ends early or with an error says less than it should; what is missing becomes a failing check of its
own, so that fewer checks never look like a better result. Checks with the same words are numbered.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "fail", "skip"]

_LINE = re.compile(
    r"(?P<no>not )?ok\b *\d* *(?:- )?(?P<text>.*?) *(?:# *(?P<skip>skip)\w*:? *(?P<why>.*))?$", re.IGNORECASE
)
_PLAN = re.compile(r"1\.\.(\d+)")
_TOOK = re.compile(r" in \d+ *(?:ms|msec|sec|s)$")


@dataclass(frozen=True)
class Check:
    """One assertion of a test program: its words, how it went, and what was printed about it."""

    name: str
    verdict: Verdict
    detail: str = ""


def parse(output: str) -> tuple[list[Check], int | None]:
    """The checks in `output`, in order, and how many were planned (None when nothing says)."""
    found: list[tuple[str, Verdict, list[str]]] = []
    planned: int | None = None
    for line in output.splitlines():
        if plan := _PLAN.match(line):
            planned = int(plan[1])
        elif told := _LINE.match(line):
            verdict: Verdict = "fail" if told["no"] else "skip" if told["skip"] else "ok"
            found.append((_TOOK.sub("", told["text"]), verdict, [told["why"]] if told["why"] else []))
        elif found and line.strip(" #"):
            found[-1][2].append(line)
    return _numbered(found), planned


def judge(output: str, errors: str, status: int | None, seconds: float) -> list[Check]:
    """The checks of a program that ended with `status`, or that was ended after `seconds` (None)."""
    checks, planned = parse(output)
    failed = any(check.verdict == "fail" for check in checks)
    if status is None:
        checks.append(Check(f"ends within {seconds:.0f} s", "fail", errors))
    elif planned is not None and len(checks) < planned:
        checks.append(Check(f"makes all of its {planned} checks", "fail", errors))
    elif status != 0 and not failed:
        checks.append(Check("ends without an error", "fail", f"exit status {status}\n{errors}"))
    elif not checks:
        # Some programs print only what went wrong.
        checks.append(Check("ends without an error", "ok", errors))
    elif failed and errors:
        checks = [_with(check, errors) if check.verdict == "fail" else check for check in checks]
    return checks


def _with(check: Check, errors: str) -> Check:
    return Check(check.name, check.verdict, f"{check.detail}\n{errors}".strip())


def _numbered(found: list[tuple[str, Verdict, list[str]]]) -> list[Check]:
    seen: Counter[str] = Counter()
    checks = []
    for text, verdict, lines in found:
        seen[text] += 1
        name = text if seen[text] == 1 else f"{text} [{seen[text]}]"
        checks.append(Check(name or f"[{seen[text]}]", verdict, "\n".join(lines)))
    return checks
