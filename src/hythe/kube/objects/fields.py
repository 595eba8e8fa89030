"""Field selectors: `metadata.name=web,status.phase!=Running`, and which fields of which kind they may name.

Unlike labels, only equality is known, and only fields that the resource declares: metadata.name and
metadata.namespace everywhere (no namespace where a kind has none), a few more for some kinds, in `SELECTABLE` as
data, and a custom resource's own selectableFields. A field selects by its text; one that is absent counts as the
zero value of its type, as in Go.

Source: k8s.io/apimachinery, pkg/fields/selector.go; the fields of each kind in kubernetes, pkg/apis/*/v1/conversion.go
and pkg/registry/*/*/strategy.go. A server answers 400 with the message behind `Unable to find "/v1, Resource=pods"
that match label selector "L", field selector "F": `.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hythe.errors import InvalidArgument


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


def _plain(*names: str, **defaults: str) -> dict[str, Field]:
    return {
        name: Field((tuple(name.split(".")),), defaults.get(name.rpartition(".")[2], "")) for name in names
    }


def _event(subject: str) -> dict[str, Field]:
    """Fields of an Event, whose object is called involvedObject in core and regarding in events.k8s.io."""
    parts = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
    return _plain("reason", "type", *(f"{subject}.{part}" for part in parts))


_REPORTER: Final = (("reportingComponent",), ("reportingController",))

SELECTABLE: Final[dict[tuple[str, str], dict[str, Field]]] = {
    ("", "Pod"): {
        **_plain(
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
            hostNetwork="false",
        ),
        "spec.host": Field((("spec", "nodeName"),)),
        "status.podIPs": Field((("status", "podIPs", "*", "ip"),)),
    },
    ("", "Node"): _plain("spec.unschedulable", unschedulable="false"),
    ("", "Namespace"): {**_plain("status.phase"), "name": Field((("metadata", "name"),))},
    ("", "ReplicationController"): _plain("status.replicas", replicas="0"),
    ("", "Secret"): _plain("type"),
    ("", "Service"): _plain("spec.clusterIP", "spec.type"),
    ("", "Event"): {
        **_event("involvedObject"),
        "reportingComponent": Field(_REPORTER),
        "source": Field((("source", "component"), *_REPORTER)),
    },
    ("events.k8s.io", "Event"): {
        **_event("regarding"),
        "reportingController": Field(_REPORTER),
    },
    ("batch", "Job"): {"status.successful": Field((("status", "succeeded"),), "0")},
    ("certificates.k8s.io", "CertificateSigningRequest"): _plain("spec.signerName"),
}  # fmt: skip
_UNSUPPORTED: Final = {("batch", "Job"): 'field label "{}" not supported for Job'}


def parse(
    text: str,
    *,
    group: str = "",
    kind: str = "",
    namespaced: bool = True,
    custom: Mapping[str, Field] | None = None,
) -> Selector:
    """The selector in a query's fieldSelector, for a kind; `custom` are a custom resource's selectableFields.

    Terms are sorted by their text, as Kubernetes sorts them. Raises `InvalidSelector`.
    """
    if not text:
        return EVERYTHING
    known = _known(group, kind, namespaced, custom)
    found = []
    for term in sorted(_terms(text)):
        if term:
            name, negated, value = _split(term, text)
            if name not in known:
                raise InvalidSelector(_unsupported(name, group, kind, custom is not None))
            found.append(Requirement(name, value, negated, known[name]))
    return Selector(tuple(found))


def custom_fields(selectable: list[Mapping[str, Any]]) -> dict[str, Field]:
    """The selectableFields of a version of a CustomResourceDefinition: JSON paths such as .spec.color."""
    found = {}
    for each in selectable:
        name = str(each["jsonPath"]).removeprefix(".")
        found[name] = Field((tuple(name.split(".")),))
    return found


def escaped(value: str) -> str:
    """A literal as the value of a selector: backslash, comma and equals sign with a backslash before them."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _known(group: str, kind: str, namespaced: bool, custom: Mapping[str, Field] | None) -> dict[str, Field]:
    common = ["metadata.name", "metadata.namespace"] if namespaced else ["metadata.name"]
    return {**_plain(*common), **SELECTABLE.get((group, kind), {}), **(custom or {})}


def _unsupported(name: str, group: str, kind: str, custom: bool) -> str:
    if (group, kind) in _UNSUPPORTED:
        return _UNSUPPORTED[group, kind].format(name)
    if (group, kind) in SELECTABLE or custom:
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
