"""Go's text/template: from text to a tree. `evaluate` runs it.

Understood: fields and chains (.A.B), variables ($x, with := and =), pipelines, parentheses, literals, calls;
if / else if / else, with, range with one or two variables, break and continue are not; {{- and -}} trim,
comments. Source: the documentation of Go's text/template.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

from hythe.errors import InvalidArgument

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)|(?P<variable>\$\w*)"""
    r"""|(?P<field>\.\w+)|(?P<dot>\.)|(?P<word>\w+)|(?P<mark>:=|[=|(),]))"""
)


class Text(NamedTuple):
    text: str


class Command(NamedTuple):
    """A function or value and its arguments; `chain` are the fields taken of the first operand."""

    operands: list[Any]


class Operand(NamedTuple):
    """`kind`: literal, variable, field (of the dot), word (a function), pipeline (in parentheses)."""

    kind: str
    value: Any
    chain: tuple[str, ...] = ()


class Pipeline(NamedTuple):
    commands: list[Command]
    names: tuple[str, ...] = ()
    assign: bool = False


class Action(NamedTuple):
    pipeline: Pipeline


class Block(NamedTuple):
    """`kind`: if, with, range."""

    kind: str
    pipeline: Pipeline
    body: list[Any]
    otherwise: list[Any]


class Token(NamedTuple):
    kind: str
    text: str
    spaced: bool


def parse(template: str, *, escapes: bool = False) -> list[Any]:
    """The tree of a template. Raises InvalidArgument with what is wrong.

    `escapes`: \\t and \\n outside of actions stand for a tab and a line's end.
    """
    parts = _split(template)
    if escapes:
        parts = [(action, text if action else _unescape(text)) for action, text in parts]
    nodes, ended = _nodes(parts, template)
    if ended:
        raise _wrong(template, f"unexpected {{{{{ended}}}}}")
    return nodes


def _unescape(text: str) -> str:
    return text.replace("\\t", "\t").replace("\\n", "\n")


def _split(template: str) -> list[tuple[bool, str]]:
    """(is an action, text) in order, trim marks applied, comments gone."""
    parts: list[tuple[bool, str]] = []
    position, trim = 0, False
    while True:
        start = template.find("{{", position)
        text = template[position:] if start < 0 else template[position:start]
        text = text.lstrip() if trim else text
        if start < 0:
            return [*parts, (False, text)]
        end = _close(template, start)
        inside = template[start + 2 : end]
        if inside.startswith("-") and inside[1:2].isspace():
            inside, text = inside[1:], text.rstrip()
        trim = inside.endswith("-") and inside[-2:-1].isspace()
        inside = inside[:-1] if trim else inside
        parts.append((False, text))
        if not inside.strip().startswith("/*"):
            parts.append((True, inside.strip()))
        position = end + 2


def _close(template: str, start: int) -> int:
    quote, position = "", start + 2
    while position < len(template):
        letter = template[position]
        if quote:
            if letter == "\\" and quote == '"':
                position += 1
            elif letter == quote:
                quote = ""
        elif letter in '"`':
            quote = letter
        elif template.startswith("}}", position):
            return position
        position += 1
    raise _wrong(template, "an action is not closed by }}")


def _nodes(parts: list[tuple[bool, str]], whole: str) -> tuple[list[Any], str]:
    """Nodes up to an {{end}} or {{else}}, which is given as the second value."""
    nodes: list[Any] = []
    while parts:
        action, text = parts.pop(0)
        if not action:
            nodes.append(Text(text))
            continue
        keyword, _, rest = text.partition(" ")
        if keyword in ("end", "else"):
            return nodes, text
        if keyword in ("if", "with", "range"):
            nodes.append(_block(keyword, rest, parts, whole))
        elif keyword in ("template", "define", "block", "break", "continue"):
            raise _wrong(whole, f"{{{{{keyword}}}}} is not supported")
        else:
            nodes.append(Action(_pipeline(text, whole)))
    return nodes, ""


def _block(kind: str, text: str, parts: list[tuple[bool, str]], whole: str) -> Block:
    pipeline = _pipeline(text, whole)
    body, ended = _nodes(parts, whole)
    otherwise: list[Any] = []
    if ended.startswith("else"):
        further = ended[4:].strip()
        if further:
            keyword, _, rest = further.partition(" ")
            return Block(kind, pipeline, body, [_block(keyword, rest, parts, whole)])
        otherwise, ended = _nodes(parts, whole)
    if ended != "end":
        raise _wrong(whole, f"{{{{{kind}}}}} has no {{{{end}}}}")
    return Block(kind, pipeline, body, otherwise)


def _pipeline(text: str, whole: str) -> Pipeline:
    tokens = _tokens(text, whole)
    pipeline = _read_pipeline(tokens, whole)
    if tokens:
        raise _wrong(whole, f"unexpected {tokens[0].text!r} in {text!r}")
    return pipeline


def _tokens(text: str, whole: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _wrong(whole, f"unexpected {text[position:].strip()[:1]!r} in {text!r}")
        kind = str(match.lastgroup)
        tokens.append(Token(kind, match[kind], match.start(kind) > match.start()))
        position = match.end()
    return tokens


def _read_pipeline(tokens: list[Token], whole: str) -> Pipeline:
    names: list[str] = []
    marks = [token.text for token in tokens[:4]]
    assign = "=" in marks[:2]
    if ":=" in marks or assign:
        while tokens[0].text not in (":=", "="):
            token = tokens.pop(0)
            names += [token.text] if token.kind == "variable" else []
        tokens.pop(0)
    commands = [_command(tokens, whole)]
    while tokens and tokens[0].text == "|":
        tokens.pop(0)
        commands.append(_command(tokens, whole))
    return Pipeline(commands, tuple(names), assign)


def _command(tokens: list[Token], whole: str) -> Command:
    operands = []
    while tokens and tokens[0].text not in ("|", ")"):
        operands.append(_operand(tokens, whole))
    if not operands:
        raise _wrong(whole, "a command is missing")
    return Command(operands)


def _operand(tokens: list[Token], whole: str) -> Operand:
    token = tokens.pop(0)
    if token.text == "(":
        inner = _read_pipeline(tokens, whole)
        if not tokens or tokens.pop(0).text != ")":
            raise _wrong(whole, "a parenthesis is not closed")
        return Operand("pipeline", inner, _chain(tokens))
    if token.kind == "field":
        return Operand("field", None, (token.text[1:], *_chain(tokens)))
    if token.kind == "dot":
        return Operand("field", None)
    if token.kind == "variable":
        return Operand("variable", token.text, _chain(tokens))
    if token.kind == "string":
        return Operand("literal", _string(token.text, whole))
    if token.kind == "number":
        return Operand("literal", float(token.text) if "." in token.text else int(token.text))
    if token.kind == "word":
        constants = {"true": True, "false": False, "nil": None}
        if token.text in constants:
            return Operand("literal", constants[token.text])
        return Operand("word", token.text)
    raise _wrong(whole, f"unexpected {token.text!r}")


def _string(quoted: str, whole: str) -> str:
    """Go's raw strings, and of the others those escapes that JSON has too."""
    if quoted[0] == "`":
        return quoted[1:-1]
    try:
        return str(json.loads(quoted))
    except ValueError:
        raise _wrong(whole, f"{quoted} is no string") from None


def _chain(tokens: list[Token]) -> tuple[str, ...]:
    names = []
    while tokens and tokens[0].kind == "field" and not tokens[0].spaced:
        names.append(tokens.pop(0).text[1:])
    return tuple(names)


def _wrong(template: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"invalid template {template!r}: {why}", hint="such as '{{.Name}}' or json")
