"""Reading YAML into a document: PyYAML's C parser for the graph of nodes, YAML 1.2's core types for scalars.

PyYAML's own constructor follows YAML 1.1, which makes 22:22 a number in base 60 and `yes` a boolean; here a
plain scalar is a null, a boolean (true or false), a number, or a string (YAML 1.2.2, section 10.3.2).
Merge keys (`<<`), anchors and aliases are followed; a key that is there twice is refused, an alias to
its own ancestor too, and so is a document that unfolds to more than a million values ("billion laughs").
The tags !reset and !override are kept for merging; other tags of an application are refused.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from hythe.compose.document import Items, Place, Scalar, Table, Value
from hythe.errors import SyntaxProblem, SystemProblem

_IMPLICIT: Final = "?"
_PREFIX: Final = "tag:yaml.org,2002:"
_KEPT_TAGS: Final = ("!reset", "!override")
_LARGEST: Final = 1_000_000
_DEEPEST: Final = 200
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class _Loader(yaml.CSafeLoader):
    """Leaves the type of plain scalars open."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: object) -> str:
        """The tag of a node without one: "?" for a plain scalar, as it is not for YAML 1.1 to say."""
        if kind is yaml.ScalarNode and isinstance(implicit, tuple) and implicit[0]:
            return _IMPLICIT
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]


def read_file(path: str) -> list[Value]:
    """The documents of a file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return parse(file.read(), path)
    except OSError as error:
        raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SyntaxProblem("it is not UTF-8 text", file=path, line=1, column=1) from error


def parse(source: str, file: str) -> list[Value]:
    """The documents of a text; `file` is its name in messages."""
    try:
        roots = list(yaml.compose_all(source, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise SyntaxProblem(f"this is not YAML: {said}", file=file, line=line, column=column) from error
    except yaml.YAMLError as error:
        raise SyntaxProblem(f"this is not YAML: {error}", file=file, line=1, column=1) from error
    return [_Converter(file).value(root) for root in roots]


class _Converter:
    """Nodes to values, each node once; counts how much the document unfolds to."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._done: dict[int, tuple[Value, int]] = {}
        self._open: list[int] = []

    def value(self, node: yaml.Node) -> Value:
        return self._convert(node)[0]

    def _convert(self, node: yaml.Node) -> tuple[Value, int]:
        known = self._done.get(id(node))
        if known is not None:
            return known
        place = self._place(node)
        if id(node) in self._open:
            raise place.problem("an alias stands for something that contains it")
        if len(self._open) > _DEEPEST:
            raise place.problem(f"more than {_DEEPEST} levels within each other")
        self._open.append(id(node))
        result, size = self._fresh(node, place)
        self._open.pop()
        if size > _LARGEST:
            raise place.problem(f"aliases make this more than {_LARGEST} values")
        self._done[id(node)] = result, size
        return result, size

    def _fresh(self, node: yaml.Node, place: Place) -> tuple[Value, int]:
        tag = self._tag(node, place)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, place, tag), 1
        if isinstance(node, yaml.SequenceNode):
            parts = [self._convert(child) for child in node.value]
            return Items(tuple(part[0] for part in parts), place, tag), 1 + sum(part[1] for part in parts)
        return self._mapping(node, place, tag)

    def _mapping(self, node: yaml.Node, place: Place, tag: str) -> tuple[Value, int]:
        entries: dict[str, Value] = {}
        places: dict[str, Place] = {}
        merged: list[Table] = []
        size = 1
        for key_node, value_node in node.value:
            value, count = self._convert(value_node)
            size += count
            at = self._place(key_node)
            if key_node.value == "<<" and key_node.tag in (_IMPLICIT, f"{_PREFIX}merge"):
                merged.extend(_merge_sources(value, at))
                continue
            key = self._key(key_node, at)
            if key in entries:
                raise at.problem(
                    f"the key {key!r} is here twice", hint=f"the first one is in line {places[key].line}"
                )
            entries[key], places[key] = value, at
        for source in merged:
            for key, value in source.entries.items():
                if key not in entries:
                    entries[key], places[key] = value, source.where(key)
        return Table(entries, place, places, tag), size

    def _key(self, node: yaml.Node, place: Place) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise place.problem("a key must be a word, not a list or a mapping")
        return str(node.value)

    def _tag(self, node: yaml.Node, place: Place) -> str:
        if node.tag in _KEPT_TAGS:
            return str(node.tag)
        if node.tag != _IMPLICIT and not str(node.tag).startswith(_PREFIX):
            raise place.unsupported(f"the tag {node.tag} is not supported", "known are !reset and !override")
        return ""

    def _place(self, node: yaml.Node) -> Place:
        mark = node.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)


def _merge_sources(value: Value, place: Place) -> list[Table]:
    """The mappings behind a `<<`: one, or several of which the first wins."""
    found = list(value.items) if isinstance(value, Items) else [value]
    tables = [item for item in found if isinstance(item, Table)]
    if len(tables) != len(found):
        raise place.problem("<< needs a mapping, or a list of mappings", hint="such as <<: *defaults")
    return tables


def _scalar(node: yaml.ScalarNode, place: Place, tag: str) -> Scalar:
    written = str(node.value)
    kind = node.tag.removeprefix(_PREFIX)
    if node.tag == _IMPLICIT or tag:
        return Scalar(core_value(written) if not node.style else written, written, place, tag)
    if kind in ("int", "float", "bool", "null"):
        return Scalar(core_value(written), written, place, tag)
    return Scalar(written, written, place, tag)


def core_value(written: str) -> str | int | float | bool | None:
    """The value of a plain scalar by YAML 1.2's core schema."""
    if written in _WORDS:
        return _WORDS[written]
    if _INTEGER.fullmatch(written):
        if written.startswith(("0o", "0x")):
            return int(written, 0)
        return int(written)
    if _FLOAT.fullmatch(written):
        return float(written)
    return written
