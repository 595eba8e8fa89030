"""Field selectors: `metadata.name=web,status.phase!=Running`.

Unlike labels, only equality is known, and only fields that the resource declares (`Resource.fields`: metadata.name and
metadata.namespace, a few more for some kinds, a custom resource's selectableFields). A field selects by its text; one
that is absent counts as the zero value of its type, as in Go.

Source: k8s.io/apimachinery, pkg/fields/selector.go. Which fields a kind has is data of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hythe.errors import InvalidArgument
from hythe.kube.objects.schema.resources import Resource


class InvalidSelector(InvalidArgument):
    """The text is no field selector, or names a field that is not supported; the message is Kubernetes'."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a selectable field stands in the object: the first of `paths` that has a value, or `default`."""

    paths: tuple[tuple[str, ...], ...]
    default: str = ""

    def value(self, found: Mapping[str, Any]) -> str:
        """The field's text in an object."""
        for path in self.paths:
            if text := _text(_reach(found, path)):
                return text
        return self.default


@dataclass(frozen=True, slots=True)
class Requirement:
    """One field that must have (or, with `negated`, must not have) a value."""

    name: str
    value: str
    negated: bool
    field: Field

    def matches(self, found: Mapping[str, Any]) -> bool:
        """Whether an object meets it."""
        return (self.field.value(found) == self.value) != self.negated

    def __str__(self) -> str:
        return f"{self.name}{'!=' if self.negated else '='}{escaped(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that must all hold; none at all selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, found: Mapping[str, Any]) -> bool:
        """Whether the object is selected."""
        return all(each.matches(found) for each in self.requirements)

    def exact(self, name: str) -> str | None:
        """The one value that a field must have, if the selector says so: by metadata.name a list is a get."""
        return next(
            (each.value for each in self.requirements if each.name == name and not each.negated), None
        )

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def __str__(self) -> str:
        return ",".join(str(each) for each in self.requirements)


EVERYTHING: Final = Selector()


# What Go shows of a field that is absent and is no string; by path.
_ZERO: Final = {
    "spec.hostNetwork": "false",
    "spec.unschedulable": "false",
    "status.replicas": "0",
    "status.succeeded": "0",
}
# An Event names who reported it in one of these, by its age.
_REPORTER: Final = (("reportingComponent",), ("reportingController",))
_ELSEWHERE: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "source.component": _REPORTER,
    "reportingComponent": _REPORTER,
    "reportingController": _REPORTER,
    "status.podIPs": (("status", "podIPs", "*", "ip"),),
}


def parse(text: str, resource: Resource) -> Selector:
    """The selector in a query's fieldSelector. Terms are sorted by their text, as Kubernetes does it."""
    if not text:
        return EVERYTHING
    found = []
    for term in sorted(_terms(text)):
        if term:
            name, negated, value = _split(term, text)
            if name not in resource.fields:
                raise InvalidSelector(_unsupported(name, resource))
            found.append(Requirement(name, value, negated, _field(resource.fields[name])))
    return Selector(tuple(found))


def escaped(value: str) -> str:
    """A literal as the value of a selector: backslash, comma and equals sign with a backslash before them."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _field(path: str) -> Field:
    """Where the field at a dotted path is read."""
    return Field((tuple(path.split(".")), *_ELSEWHERE.get(path, ())), _ZERO.get(path, ""))


def _unsupported(name: str, resource: Resource) -> str:
    if resource.qualified_kind == "Job.batch":
        return f'field label "{name}" not supported for Job'
    if set(resource.fields) - {"metadata.name", "metadata.namespace"}:
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _terms(text: str) -> list[str]:
    """The parts between commas that have no backslash before them; backslashes stay."""
    parts, start, skip = [], 0, False
    for index, character in enumerate(text):
        if skip or character == "\\":
            skip = not skip
        elif character == ",":
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _split(term: str, whole: str) -> tuple[str, bool, str]:
    """The name, whether it is negated, and the value of a term; the first operator in it counts."""
    at = term.find("=")
    if at < 0:
        raise InvalidSelector(f"invalid selector: '{whole}'; can't understand '{term}'")
    if at > 0 and term[at - 1] == "!":
        return term[: at - 1], True, _literal(term[at + 1 :])
    return term[:at], False, _literal(term[at + 1 :].removeprefix("="))


def _literal(value: str) -> str:
    found, skip = [], False
    for character in value:
        if not skip and character == "\\":
            skip = True
            continue
        if skip and character not in "\\,=":
            raise InvalidSelector(f"invalid field selector: invalid escape sequence: \\{character}")
        if not skip and character in ",=":
            raise InvalidSelector(f"invalid field selector: unescaped character in value: {ord(character)}")
        found.append(character)
        skip = False
    if skip:
        raise InvalidSelector("invalid field selector: invalid escape sequence: \\")
    return "".join(found)


def _reach(found: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path of keys; at "*", the texts of a list's members, joined with commas."""
    for index, step in enumerate(path):
        if step == "*":
            return ",".join(_text(_reach(each, path[index + 1 :])) for each in found or [])
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, (dict, list)) else str(value)
