"""Path patterns: Go's filepath.Match with `**` added, as .dockerignore, COPY sources and --exclude use them.

`*` and `?` stop at a slash, `[a-z]` and `[^a]` are classes, `\\` takes the next character as it is, and `**`
is any number of path elements, none included (Dockerfile reference, ".dockerignore file"; Go's path/filepath
Match; moby's patternmatcher, whose treatment of `**/x`, `x/**` and `a**b` is followed here).
"""

from __future__ import annotations

import re

from hythe.errors import InvalidArgument


def has_wildcards(path: str) -> bool:
    """Whether `path` is to be matched rather than looked up (also when it has an escape to take away)."""
    return any(character in path for character in "*?[\\")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression for whole paths, without a leading slash. InvalidArgument for a bad one."""
    tail = pattern[2:]
    if pattern.startswith("**") and tail and not tail.startswith("/") and not has_wildcards(tail):
        return re.compile(".*" + re.escape(tail), re.DOTALL)  # moby reads "**.txt" as "ends in .txt"
    expression, index = "", 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "*":
            part, index = _star(pattern, index)
            expression += part
        elif character == "?":
            expression += "[^/]"
        elif character == "[":
            part, index = _class(pattern, index)
            expression += part
        elif character == "\\":
            if index == len(pattern):
                raise _bad(pattern)
            expression += re.escape(pattern[index])
            index += 1
        else:
            expression += re.escape(character)
    return re.compile(expression, re.DOTALL)


def _star(pattern: str, index: int) -> tuple[str, int]:
    """What the `*` before `index` stands for, and where the pattern goes on."""
    if pattern[index : index + 1] != "*":
        return "[^/]*", index
    index += 1
    if pattern[index : index + 1] == "/":
        index += 1
    return (".*" if index == len(pattern) else "(?:.*/)?"), index


def _class(pattern: str, index: int) -> tuple[str, int]:
    """The character class whose `[` stands before `index`."""
    negated = pattern[index : index + 1] == "^"
    index += negated
    parts: list[str] = []
    while True:
        if index >= len(pattern) or (pattern[index] == "]" and not parts):
            raise _bad(pattern)
        if pattern[index] == "]":
            break
        low, index = _class_character(pattern, index)
        high = low
        if pattern[index : index + 1] == "-":
            high, index = _class_character(pattern, index + 1)
        if low > high:
            raise _bad(pattern)
        parts.append(f"{re.escape(low)}-{re.escape(high)}")
    slash = "(?!/)" if negated else ""
    return f"{slash}[{'^' if negated else ''}{''.join(parts)}]", index + 1


def _class_character(pattern: str, index: int) -> tuple[str, int]:
    if pattern[index : index + 1] == "\\":
        index += 1
    elif pattern[index : index + 1] in ("-", "]"):
        raise _bad(pattern)
    if index >= len(pattern):
        raise _bad(pattern)
    return pattern[index], index + 1


def _bad(pattern: str) -> InvalidArgument:
    return InvalidArgument(f"syntax error in pattern: {pattern!r}", hint="close [ with ], escape with \\")
