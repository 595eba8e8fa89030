"""What a client may say beside the object: the query's parameters of each verb, and the body of a delete.

Each is read into a small value and checked before anything is done. A parameter that is not understood is let
through, as Kubernetes lets it; a known one with a value that cannot be is refused with its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec

from hythe.kube.apiserver.request import truth
from hythe.kube.objects.schema.decode.body import FieldValidation
from hythe.kube.objects.status import ApiError, Cause, bad_request, invalid
from hythe.kube.objects.types import Object

_VALIDATIONS: Final = ("", "Ignore", "Warn", "Strict")
_PROPAGATION: Final = ("Foreground", "Background", "Orphan")
_MATCHES: Final = ("", "Exact", "NotOlderThan")
MAX_MANAGER: Final = 128


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Of create, update and patch. `manager`: the field manager's name, "" if none was given."""

    dry_run: bool = False
    manager: str = ""
    validation: FieldValidation = "Warn"
    force: bool | None = None


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Of list, watch and deletecollection. `limit` and `timeout` (seconds) are 0 where nothing was asked for."""

    label_selector: str = ""
    field_selector: str = ""
    revision: str = ""
    match: str = ""
    limit: int = 0
    token: str = ""
    timeout: int = 0
    bookmarks: bool = False
    initial_events: bool | None = None


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """Of delete. `grace` in seconds, None: as the object says; `propagation`: "" is the resource's default."""

    dry_run: bool = False
    grace: int | None = None
    propagation: str = ""
    uid: str | None = None
    revision: str | None = None


def write_options(query: Mapping[str, str], *, kind: str) -> WriteOptions:
    """`kind` (`CreateOptions`, ...) names them in messages."""
    causes = _dry_run_causes(_values(query, "dryRun"))
    validation, manager = query.get("fieldValidation", ""), query.get("fieldManager", "")
    if validation not in _VALIDATIONS:
        causes.append(_unsupported("fieldValidation", validation, _VALIDATIONS))
    if len(manager) > MAX_MANAGER:
        text = f"Too long: may not be more than {MAX_MANAGER} bytes"
        causes.append(Cause("FieldValueTooLong", text, "fieldManager"))
    elif not manager.isprintable():
        text = f"Invalid value: {_quoted(manager)}: should only contain printable characters"
        causes.append(Cause("FieldValueInvalid", text, "fieldManager"))
    if causes:
        raise invalid(f"{kind}.meta.k8s.io", "", causes)
    force = truth(query["force"]) if "force" in query else None
    checked = cast("FieldValidation", validation or "Warn")
    return WriteOptions(bool(query.get("dryRun")), manager, checked, force)


def list_options(query: Mapping[str, str]) -> ListOptions:
    """Raises ApiError for what is no number, and for combinations that mean nothing."""
    options = ListOptions(
        query.get("labelSelector", ""),
        query.get("fieldSelector", ""),
        query.get("resourceVersion", ""),
        query.get("resourceVersionMatch", ""),
        _number(query, "limit"),
        query.get("continue", ""),
        _number(query, "timeoutSeconds"),
        truth(query.get("allowWatchBookmarks")),
        truth(query["sendInitialEvents"]) if "sendInitialEvents" in query else None,
    )
    causes = _match_causes(options, watching=truth(query.get("watch")))
    if causes:
        raise invalid("ListOptions.meta.k8s.io", "", causes)
    return options


def _match_causes(options: ListOptions, *, watching: bool) -> list[Cause]:
    match = options.match
    if watching or options.initial_events is not None:
        return _initial_causes(options, watching)
    if not match:
        return []
    if not options.revision:
        text = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        return [Cause("FieldValueForbidden", text, "resourceVersionMatch")]
    if options.token:
        text = "Forbidden: resourceVersionMatch is forbidden when continue is provided"
        return [Cause("FieldValueForbidden", text, "resourceVersionMatch")]
    if match not in _MATCHES:
        return [_unsupported("resourceVersionMatch", match, ("Exact", "NotOlderThan", ""))]
    if match == "Exact" and options.revision == "0":
        text = 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        return [Cause("FieldValueForbidden", text, "resourceVersionMatch")]
    return []


def _initial_causes(options: ListOptions, watching: bool) -> list[Cause]:
    """sendInitialEvents and resourceVersionMatch=NotOlderThan belong together, and to watches alone."""
    if not watching:
        text = "Forbidden: sendInitialEvents is forbidden for list"
        return [Cause("FieldValueForbidden", text, "sendInitialEvents")]
    if options.initial_events is None and options.match:
        text = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        return [Cause("FieldValueForbidden", text, "resourceVersionMatch")]
    if options.initial_events is not None and options.match != "NotOlderThan":
        text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        return [Cause("FieldValueForbidden", text, "resourceVersionMatch")]
    return []


def delete_options(query: Mapping[str, str], body: Object | None) -> DeleteOptions:
    """A body wins over the query, as in Kubernetes."""
    said = body or _from_query(query)
    causes = _dry_run_causes(said.get("dryRun") or [])
    propagation = said.get("propagationPolicy") or ""
    orphan = said.get("orphanDependents")
    if propagation and orphan is not None:
        text = "Invalid value: orphanDependents and deletionPropagation cannot be both set"
        causes.append(Cause("FieldValueInvalid", text, "propagationPolicy"))
    if propagation and propagation not in _PROPAGATION:
        causes.append(_unsupported("propagationPolicy", propagation, (*_PROPAGATION, "nil")))
    if causes:
        raise invalid("DeleteOptions.meta.k8s.io", "", causes)
    if orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    wanted = said.get("preconditions") or {}
    grace = said.get("gracePeriodSeconds")
    return DeleteOptions(
        bool(said.get("dryRun")), grace, propagation, wanted.get("uid"), wanted.get("resourceVersion")
    )


def _from_query(query: Mapping[str, str]) -> Object:
    said: Object = {"dryRun": _values(query, "dryRun"), "propagationPolicy": query.get("propagationPolicy")}
    if query.get("gracePeriodSeconds"):
        said["gracePeriodSeconds"] = _number(query, "gracePeriodSeconds")
    if query.get("orphanDependents"):
        said["orphanDependents"] = truth(query["orphanDependents"])
    return said


def _values(query: Mapping[str, str], name: str) -> list[str]:
    value = query.get(name)
    return [value] if value else []


def _dry_run_causes(values: Sequence[str]) -> list[Cause]:
    return [_unsupported("dryRun", value, ("All",)) for value in values if value != "All"]


def _unsupported(field: str, value: str, supported: Sequence[str]) -> Cause:
    listed = ", ".join(_quoted(each) for each in supported)
    text = f"Unsupported value: {_quoted(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", text, field)


def _quoted(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return int(text)
    except ValueError as error:
        raise _no_number(text) from error


def _no_number(text: str) -> ApiError:
    return bad_request(f"strconv.ParseInt: parsing {_quoted(text)}: invalid syntax")
