"""The tokens of CEL: numbers, texts, names and operators; comments and white space are skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from hythe.kube.objects.cel.syntax import CompileError
from hythe.kube.objects.cel.values import UInt

_SKIP: Final = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*)*")
_NUMBER: Final = re.compile(
    r"(?P<hex>0[xX][0-9a-fA-F]+)(?P<hexu>[uU])?|(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
    r"|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|(?P<int>[0-9]+)(?P<intu>[uU])?"
)
_TEXT: Final = re.compile(r"([rRbB]{0,2})('''|\"\"\"|'|\")")
_NAME: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_OPERATOR: Final = re.compile(r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}]")
_ESCAPE: Final = re.compile(
    r"\\(?:([xX])([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))"
)
_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "?": "?", '"': '"',
    "'": "'", "`": "`",
}  # fmt: skip
RESERVED: Final = frozenset(
    "as break const continue else for function if import let loop package namespace return var void while".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: literal, name, operator or end; `value` is the literal's, or the text."""

    kind: str
    value: Any
    at: int


def tokens(text: str) -> list[Token]:
    """All tokens, the last of kind "end". Raises `CompileError`."""
    found: list[Token] = []
    position = _skip(text, 0)
    while position < len(text):
        token, position = _token(text, position)
        found.append(token)
        position = _skip(text, position)
    return [*found, Token("end", "<EOF>", len(text))]


def _skip(text: str, position: int) -> int:
    match = _SKIP.match(text, position)
    return match.end() if match else position


def _token(text: str, at: int) -> tuple[Token, int]:
    if match := _TEXT.match(text, at):
        return _string(text, at, match)
    if match := _NUMBER.match(text, at):
        return Token("literal", _number(match, at), at), match.end()
    if match := _NAME.match(text, at):
        name = match[0]
        if name in ("true", "false", "null"):
            return Token("literal", {"true": True, "false": False, "null": None}[name], at), match.end()
        return Token("operator" if name == "in" else "name", name, at), match.end()
    if match := _OPERATOR.match(text, at):
        return Token("operator", match[0], at), match.end()
    raise CompileError(f"Syntax error: token recognition error at: '{text[at]}'", at)


def _number(match: re.Match[str], at: int) -> Any:
    if match["float"]:
        return float(match["float"])
    number = int(match["hex"], 16) if match["hex"] else int(match["int"])
    if match["hexu"] or match["intu"]:
        if number >= 2**64:
            raise CompileError("invalid uint literal", at)
        return UInt(number)
    if number > 2**63:
        raise CompileError("invalid int literal", at)
    return number


def _string(text: str, at: int, match: re.Match[str]) -> tuple[Token, int]:
    prefix, quote = match[1].lower(), match[2]
    raw, is_bytes = "r" in prefix, "b" in prefix
    position, parts = match.end(), []
    while not text.startswith(quote, position):
        if position >= len(text) or (len(quote) == 1 and text[position] == "\n"):
            raise CompileError(f"Syntax error: token recognition error at: '{text[at : at + 20]}'", at)
        if text[position] == "\\" and not raw:
            part, position = _escaped(text, position, is_bytes)
            parts.append(part)
        else:
            parts.append(text[position].encode() if is_bytes else text[position])
            position += 1
    value: Any = b"".join(parts) if is_bytes else "".join(parts)
    return Token("literal", value, at), position + len(quote)


def _escaped(text: str, at: int, is_bytes: bool) -> tuple[Any, int]:
    match = re.compile(
        r"\\(?:([xX])([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))"
    ).match(text, at)
    if match is None:
        raise CompileError("Syntax error: bad escape sequence", at)
    if match[6] is not None:
        if match[6] not in _ESCAPES:
            raise CompileError("Syntax error: bad escape sequence", at)
        plain = _ESCAPES[match[6]]
        return (plain.encode() if is_bytes else plain), match.end()
    code = int(match[5], 8) if match[5] else int(match[2] or match[3] or match[4], 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise CompileError("Syntax error: bad escape sequence", at)
    if is_bytes:
        return (bytes([code]) if match[5] or match[2] else chr(code).encode()), match.end()
    return chr(code), match.end()
