"""What a .dockerignore file leaves out of the build context.

One pattern a line (`patterns.py`); `#` begins a comment line; `!` takes an earlier exclusion back; leading
and trailing slashes and white space do not count. The last pattern that matches a path *or one of its
parents* decides (Dockerfile reference, ".dockerignore file"; moby's patternmatcher, MatchesOrParentMatches).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hythe.build.patterns import compile_pattern
from hythe.errors import InvalidArgument


@dataclass(frozen=True)
class _Rule:
    expression: re.Pattern[str]
    exception: bool


class Matcher:
    """Answers which paths are excluded. Paths are relative to the context, with slashes, without "./"."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._rules = [_rule(pattern) for pattern in patterns if pattern.strip()]
        self._exceptions = any(rule.exception for rule in self._rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def excluded(self, path: str) -> bool:
        """Whether the file or directory itself is left out."""
        excluded = False
        parts = path.split("/")
        prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        for rule in self._rules:
            if rule.exception != excluded:
                continue
            if any(rule.expression.fullmatch(prefix) for prefix in reversed(prefixes)):
                excluded = not rule.exception
        return excluded

    def prunable(self, path: str) -> bool:
        """Whether nothing below an excluded directory can be in: no `!` pattern could take it back."""
        return not self._exceptions


def parse(text: str) -> Matcher:
    """The matcher of a .dockerignore file. Raises InvalidArgument for a pattern that cannot be read."""
    patterns = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        patterns.append(line)
    return Matcher(patterns)


def _rule(line: str) -> _Rule:
    pattern = line.strip()
    exception = pattern.startswith("!")
    if exception:
        pattern = pattern[1:].strip()
        if not pattern:
            raise InvalidArgument('illegal exclusion pattern: "!"', hint="write the pattern after the !")
    pattern = posixpath.normpath(pattern).lstrip("/")
    return _Rule(compile_pattern(pattern), exception)
