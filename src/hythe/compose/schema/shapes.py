"""Kinds of value, and the check of a document against them.

A shape says which values it takes (`expects`) and checks one, raising SyntaxProblem at the value's own place,
or Unsupported where the value is right but not implemented. A mapping with fixed keys names the nearest valid
one for a key that it does not know. Values may arrive as strings from interpolation, so numbers and booleans
are taken as strings too, as the specification has it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from hythe.base.units import parse_duration, parse_size
from hythe.compose.document import Items, Scalar, Table, Value
from hythe.errors import InvalidArgument

BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "y", "1", "t"), True),
    **dict.fromkeys(("false", "no", "off", "n", "0", "f"), False),
}
_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+")
_SUFFIXED: Final = re.compile(r"-?\d+(\.\d+)?")


class Shape(Protocol):
    """`kind` is one of scalar, list, table: the node that it takes."""

    @property
    def kind(self) -> str: ...
    @property
    def expects(self) -> str: ...
    def check(self, value: Value, path: str) -> None: ...


@dataclass(frozen=True)
class Word:
    """A string; with `choices`, one of them; `refused` are valid choices that are not implemented."""

    choices: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    kind: str = "scalar"
    expects: str = "a string"

    def check(self, value: Value, path: str) -> None:
        scalar = _scalar(self, value, path)
        if not isinstance(scalar.value, str):
            hint = f'write "{scalar.text}" in quotes' if scalar.value is not None else None
            raise _wrong(self, scalar, path, hint)
        if scalar.value in self.refused:
            raise value.place.unsupported(f"{path}: {scalar.value} is not supported", _one_of(self.choices))
        if self.choices and scalar.value not in self.choices:
            raise value.place.problem(f"{path} cannot be {scalar.value!r}", hint=_one_of(self.choices))


@dataclass(frozen=True)
class Anything:
    """A scalar of any type, taken as text; `null` where nothing is a value too."""

    null: bool = True
    kind: str = "scalar"
    expects: str = "a string, number or boolean"

    def check(self, value: Value, path: str) -> None:
        scalar = _scalar(self, value, path)
        if scalar.value is None and not self.null:
            raise _wrong(self, scalar, path)


@dataclass(frozen=True)
class Flag:
    kind: str = "scalar"
    expects: str = "true or false"

    def check(self, value: Value, path: str) -> None:
        scalar = _scalar(self, value, path)
        if not isinstance(scalar.value, bool) and str(scalar.value).lower() not in BOOLEANS:
            raise _wrong(self, scalar, path)


@dataclass(frozen=True)
class Number:
    """An integer, or with `real` any number; between `low` and `high` where given."""

    real: bool = False
    low: float | None = None
    high: float | None = None
    kind: str = "scalar"

    @property
    def expects(self) -> str:
        return "a number" if self.real else "a whole number"

    def check(self, value: Value, path: str) -> None:
        scalar = _scalar(self, value, path)
        try:
            if isinstance(scalar.value, bool) or scalar.value is None:
                raise ValueError
            number = float(scalar.value)
            if number != number or (not self.real and number != int(number)):
                raise ValueError
        except (ValueError, OverflowError) as error:
            raise _wrong(self, scalar, path) from error
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise value.place.problem(f"{path} is out of range: {scalar.text}", hint=self._range())

    def _range(self) -> str:
        limits = [("at least", self.low), ("at most", self.high)]
        return "it must be " + " and ".join(
            f"{word} {limit:g}" for word, limit in limits if limit is not None
        )


@dataclass(frozen=True)
class Size:
    """Bytes: a number, or a string such as 512m; `unlimited` allows -1."""

    unlimited: bool = False
    kind: str = "scalar"
    expects: str = "a size such as 512m or 1.5g"

    def check(self, value: Value, path: str) -> None:
        scalar = _scalar(self, value, path)
        if isinstance(scalar.value, bool) or scalar.value is None:
            raise _wrong(self, scalar, path)
        if self.unlimited and scalar.text.strip() == "-1":
            return
        try:
            parse_size(scalar.text)
        except InvalidArgument as error:
            raise _wrong(self, scalar, path) from error


@dataclass(frozen=True)
class Duration:
    kind: str = "scalar"
    expects: str = "a duration such as 10s or 1m30s"

    def check(self, value: Value, path: str) -> None:
        scalar = _scalar(self, value, path)
        if not isinstance(scalar.value, str):
            hint = f'write "{scalar.text}s"' if _SUFFIXED.fullmatch(scalar.text) else None
            raise _wrong(self, scalar, path, hint)
        try:
            parse_duration(scalar.value)
        except InvalidArgument as error:
            raise _wrong(self, scalar, path) from error


@dataclass(frozen=True)
class Null:
    """Nothing: the key is there, its value is empty."""

    kind: str = "null"
    expects: str = "nothing"

    def check(self, value: Value, path: str) -> None:
        if not isinstance(value, Scalar) or value.value is not None:
            raise value.place.problem(f"{path} must be empty")


@dataclass(frozen=True)
class ListOf:
    item: Shape
    unique: bool = False
    kind: str = "list"

    @property
    def expects(self) -> str:
        return "a list"

    def check(self, value: Value, path: str) -> None:
        if not isinstance(value, Items):
            raise _wrong(self, value, path)
        seen: set[str] = set()
        for index, item in enumerate(value.items):
            self.item.check(item, f"{path}[{index}]")
            if self.unique and isinstance(item, Scalar):
                if item.text in seen:
                    raise item.place.problem(f"{path} has {item.text!r} twice")
                seen.add(item.text)


@dataclass(frozen=True)
class TableOf:
    """A mapping from names that a person chooses; `strict` allows letters, digits, ".", "_" and "-" only."""

    value: Shape
    strict: bool = False
    kind: str = "table"
    expects: str = "a mapping"

    def check(self, value: Value, path: str) -> None:
        if not isinstance(value, Table):
            raise _wrong(self, value, path)
        for key, item in value.entries.items():
            if key.startswith("x-") and self.strict and isinstance(self.value, Fields | Either):
                # An extension beside names, as people write it; it is a name only if it looks like one.
                continue
            if self.strict and not _NAME.fullmatch(key):
                raise value.where(key).problem(
                    f"{path}: {key!r} cannot be a name", hint="use letters, digits, '.', '_' and '-'"
                )
            self.value.check(item, f"{path}.{key}")


@dataclass(frozen=True)
class Fields:
    """A mapping with the keys of `fields`, and x- extensions."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    kind: str = "table"
    expects: str = "a mapping"

    def check(self, value: Value, path: str) -> None:
        if not isinstance(value, Table):
            raise _wrong(self, value, path)
        for key, item in value.entries.items():
            if key.startswith("x-"):
                continue
            here = f"{path}.{key}" if path else key
            shape = self.fields.get(key)
            if shape is None:
                raise value.where(key).problem(_unknown(path, key), hint=self._nearest(key))
            if item.tag == "!reset":
                continue
            if isinstance(shape, Refused):
                shape.refuse(value, key, here)
            shape.check(item, here)
        for key in self.required:
            if key not in value.entries:
                raise value.place.problem(f"{path} has no {key!r}", hint=f"add {key}: ...")

    def _nearest(self, key: str) -> str:
        near = difflib.get_close_matches(key.lower().replace("-", "_"), self.fields, 1, 0.5)
        if near:
            return f"did you mean {near[0]!r}?"
        return (
            "known are: " + ", ".join(sorted(self.fields)) if len(self.fields) < 16 else "see docs/compose.md"
        )


@dataclass(frozen=True)
class Either:
    """The first of `shapes` that takes this kind of node; so an error is about what was meant."""

    shapes: tuple[Shape, ...]
    kind: str = "any"

    @property
    def expects(self) -> str:
        return " or ".join(shape.expects for shape in self.shapes if shape.kind != "null")

    def check(self, value: Value, path: str) -> None:
        kind = kind_of(value)
        for shape in self.shapes:
            if shape.kind == kind or (shape.kind == "scalar" and kind == "null" and _takes_null(shape)):
                shape.check(value, path)
                return
        raise _wrong(self, value, path)


@dataclass(frozen=True)
class Refused:
    """Valid by the specification, and not implemented; `instead` is the hint."""

    instead: str = ""
    kind: str = "any"
    expects: str = "anything"

    def refuse(self, table: Table, key: str, path: str) -> None:
        raise table.where(key).unsupported(f"{path} is not supported by hythe yet", self.instead or None)

    def check(self, value: Value, path: str) -> None:
        raise value.place.unsupported(f"{path} is not supported by hythe yet", self.instead or None)


def either(*shapes: Shape) -> Either:
    return Either(shapes)


def kind_of(value: Value) -> str:
    if isinstance(value, Items):
        return "list"
    if isinstance(value, Table):
        return "table"
    return "null" if value.value is None else "scalar"


def _takes_null(shape: Shape) -> bool:
    return isinstance(shape, Anything) and shape.null


def _scalar(shape: Shape, value: Value, path: str) -> Scalar:
    if not isinstance(value, Scalar):
        raise _wrong(shape, value, path)
    return value


def _wrong(shape: Shape, value: Value, path: str, hint: str | None = None) -> InvalidArgument:
    found = {"list": "a list", "table": "a mapping", "null": "empty"}.get(kind_of(value))
    if found is None and isinstance(value, Scalar):
        found = repr(value.value)
    return value.place.problem(f"{path or 'the file'} must be {shape.expects}, not {found}", hint=hint)


def _unknown(path: str, key: str) -> str:
    return f"{path}: unknown key {key!r}" if path else f"unknown key {key!r}"


def _one_of(choices: tuple[str, ...]) -> str:
    return f"use {', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else f"use {choices[0]}"
