"""A YAML document as values that know where they stand.

Scalars keep their source text beside the value, so that `3.10` can still be read as a string. Values are
immutable and may be shared, as anchors and aliases share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hythe.errors import SyntaxProblem, Unsupported


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written; line and column count from 1."""

    file: str = "<given>"
    line: int = 1
    column: int = 1

    def problem(self, message: str, hint: str | None = None) -> SyntaxProblem:
        return SyntaxProblem(message, file=self.file, line=self.line, column=self.column, hint=hint)

    def unsupported(self, message: str, hint: str | None = None) -> Unsupported:
        return Unsupported(f"{self}: {message}", hint=hint)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null; `text` is how it was written."""

    value: str | int | float | bool | None
    text: str
    place: Place = Place()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    items: tuple[Value, ...]
    place: Place = Place()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with string keys; `places` says where each key stands."""

    entries: Mapping[str, Value]
    place: Place = Place()
    places: Mapping[str, Place] = field(default_factory=dict)
    tag: str = ""

    def where(self, key: str) -> Place:
        return self.places.get(key, self.place)

    def get(self, key: str) -> Value | None:
        return self.entries.get(key)

    def replace(self, **changes: Any) -> Table:
        """A copy with these entries set."""
        return self.with_entries({**self.entries, **changes})

    def with_entries(self, entries: Mapping[str, Value]) -> Table:
        return Table(entries, self.place, self.places, self.tag)

    def without(self, key: str) -> Table:
        return self.with_entries({name: value for name, value in self.entries.items() if name != key})


Value = Scalar | Items | Table


def text(value: str, place: Place) -> Scalar:
    """A string as a value."""
    return Scalar(value, value, place)


def is_null(value: Value | None) -> bool:
    return value is None or (isinstance(value, Scalar) and value.value is None)


def plain(value: Value) -> Any:
    """As Python's own lists, dictionaries and scalars."""
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Items):
        return [plain(item) for item in value.items]
    return {key: plain(item) for key, item in value.entries.items()}
