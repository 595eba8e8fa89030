"""The body of a request, from bytes to an object of the kind that is expected there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple

from hythe.kube.objects import status
from hythe.kube.objects.schema import gotypes
from hythe.kube.objects.schema.decode import jsontext, protobuf, yamltext
from hythe.kube.objects.schema.decode import typed as go
from hythe.kube.objects.schema.decode.failures import Undecodable
from hythe.kube.objects.schema.decode.typed import Typed
from hythe.kube.objects.types import GroupVersionKind, Object

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
ACCEPTED: Final = (JSON, YAML, PROTOBUF)
MAX_BODY: Final = 3 * 1024 * 1024
FieldValidation = Literal["Strict", "Warn", "Ignore"]
_ANY_VERSION: Final = {"DeleteOptions"}
_SUMMARY: Final = 30


class Parsed(NamedTuple):
    """What a text holds, and what stands twice in it (`duplicate field "spec.foo"`)."""

    value: Any
    problems: list[str]


class Decoded(NamedTuple):
    """An object of the expected kind, and the warnings that go with the answer."""

    object: Object
    warnings: list[str]


def body(
    data: bytes, content_type: str, expected: GroupVersionKind, field_validation: FieldValidation = "Warn"
) -> Decoded:
    """The object in a request's body.

    `content_type` is the header's value, parameters and all; an empty one means JSON. `expected` is the kind that
    the path takes: a body that names no apiVersion or kind is of that kind. For a kind that is not built in, the
    values are as they were sent: pruning them by the kind's own schema is the caller's.

    Raises `ApiError`: 400 with Kubernetes' message, 413 above `MAX_BODY`, 415 for a media type that is not read.
    """
    if len(data) > MAX_BODY:
        raise status.too_large(f"limit is {MAX_BODY}")
    media = content_type.partition(";")[0].strip().lower() or JSON
    try:
        value, said, problems = _from_protobuf(data) if media == PROTOBUF else _from_text(data, media)
    except Undecodable as error:
        raise _unrecognized(error, expected, data) from error
    actual = GroupVersionKind(
        *((said.group, said.version) if said.version else expected[:2]), said.kind or expected.kind
    )
    _same_kind(actual, expected)
    value = {**value, "apiVersion": actual.api_version, "kind": actual.kind}
    try:
        made, unknown = typed(value, expected)
    except Undecodable as error:
        raise cannot_handle(actual, expected.kind, error.message) from error
    return Decoded(made, settle([*problems, *unknown], actual, field_validation))


def parse(data: bytes, content_type: str) -> Parsed:
    """JSON or YAML to values. `Undecodable` if it is neither; `ApiError` 415 for other media types."""
    media = content_type.partition(";")[0].strip().lower() or JSON
    if media == JSON or media.endswith("+json"):
        value, twice = jsontext.loads(data)
        return Parsed(value, [f'duplicate field "{path}"' for path in twice])
    if media == YAML or media.endswith("+yaml"):
        if data.lstrip()[:1] == b"{":
            try:
                return parse(data, JSON)
            except Undecodable:
                pass  # it may be YAML's own flow style
        return Parsed(*yamltext.loads(data))
    raise status.unsupported_media_type(ACCEPTED)


def typed(value: Object, gvk: GroupVersionKind) -> Typed:
    """`value` with the types of a built-in kind applied; of any other kind as it is.

    Raises `Undecodable`, with Go's message, where a type is wrong.
    """
    struct = gotypes.of_kind(gvk)
    return Typed(value, []) if struct is None else go.apply(value, struct)


def settle(problems: Iterable[str], gvk: GroupVersionKind, field_validation: FieldValidation) -> list[str]:
    """What becomes of unknown and duplicate fields: `ApiError` 400, warnings, or nothing."""
    found = list(dict.fromkeys(problems))
    if found and field_validation == "Strict":
        raise cannot_handle(gvk, gvk.kind, f"strict decoding error: {', '.join(found)}")
    return found if field_validation == "Warn" else []


def cannot_handle(actual: GroupVersionKind, kind: str, why: str) -> status.ApiError:
    return status.bad_request(
        f'{actual.kind} in version "{actual.version}" cannot be handled as a {kind}: {why}'
    )


def _from_text(data: bytes, media: str) -> tuple[Object, GroupVersionKind, list[str]]:
    try:
        value, problems = parse(data, media)
        return value, _said(value), problems
    except Undecodable as error:
        raise Undecodable(f"couldn't get version/kind; json parse error: {error.message}") from error


def _from_protobuf(data: bytes) -> tuple[Object, GroupVersionKind, list[str]]:
    said, raw, media = protobuf.envelope(data)
    if media not in ("", PROTOBUF):
        return _from_text(raw, media)
    struct = gotypes.of_kind(said)
    if struct is None:
        raise Undecodable(_unregistered(said))
    return protobuf.message(raw, struct), said, []


def _said(value: Any) -> GroupVersionKind:
    """What a body says it is."""
    target = (
        r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
    )
    if not isinstance(value, dict):
        raise Undecodable(f"json: cannot unmarshal {go.json_name(value)} into Go value of type {target}")
    for key in ("apiVersion", "kind"):
        if value.get(key) is not None and not isinstance(value[key], str):
            found = go.json_name(value[key])
            raise Undecodable(f"json: cannot unmarshal {found} into Go struct field .{key} of type string")
    if str(value.get("apiVersion") or "").count("/") > 1:
        raise Undecodable(f"unexpected GroupVersion string: {value['apiVersion']}")
    return GroupVersionKind.of(value)


def _same_kind(actual: GroupVersionKind, expected: GroupVersionKind) -> None:
    if actual == expected or (actual.kind == expected.kind and actual.kind in _ANY_VERSION):
        return
    if gotypes.of_kind(expected) is not None:
        if gotypes.of_kind(actual) is None:
            raise cannot_handle(actual, expected.kind, _unregistered(actual))
        if actual.kind != expected.kind:
            target = f"{expected.group.partition('.')[0] or 'core'}.{expected.kind}"
            why = f"converting ({actual.version}.{actual.kind}) to ({target}): unknown conversion"
            raise cannot_handle(actual, expected.kind, why)
    if actual[:2] != expected[:2]:
        raise status.bad_request(
            f"the API version in the data ({actual.api_version}) does not match the expected API version "
            f"({expected.api_version})"
        )


def _unregistered(gvk: GroupVersionKind) -> str:
    scheme = 'in scheme "pkg/api/legacyscheme/scheme.go:30"'
    return f'no kind "{gvk.kind}" is registered for version "{gvk.api_version}" {scheme}'


def _unrecognized(error: Undecodable, expected: GroupVersionKind, data: bytes) -> status.ApiError:
    message = f"the object provided is unrecognized (must be of type {expected.kind}): {error.message}"
    return status.bad_request(f"{message} ({_summary(data)})")


def _summary(data: bytes) -> str:
    """The beginning of a body, as Kubernetes shows what it cannot read."""
    if not data:
        return "<empty>"
    start, more = data[:_SUMMARY], " ..." if len(data) > _SUMMARY else ""
    return (start.decode("utf-8", errors="replace") if data[:1] == b"{" else start.hex()) + more
