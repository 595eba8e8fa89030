"""The names of a CustomResourceDefinition: taken or free, and the conditions that say so.

Of all definitions of a group, each name (plural, singular, short names; kind, listKind) belongs to the first that had
it accepted. A definition is served once its names are accepted; what it had before stays its own.

Source: apiextensions, pkg/controller/status/naming_controller.go and establish.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hythe.kube.objects.types import Object


def settle(crd: Object, others: Iterable[Object], now: str) -> Object:
    """The status of `crd` with its accepted names and conditions; `others` are all definitions, itself or not.

    `now` is the RFC 3339 time of conditions that change. The result equals the present status when nothing does.
    """
    resources, kinds = _taken(crd, others)
    wanted, status = crd["spec"]["names"], crd.get("status") or {}
    before: Object = status.get("acceptedNames") or {}
    accepted, reason, message = _accept(wanted, before, resources, kinds)
    good = not reason
    conditions = list(status.get("conditions") or [])
    _set(conditions, "NamesAccepted", good, reason or "NoConflicts", message or "no conflicts found", now)
    established = any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
    if good and not established:
        _set(
            conditions,
            "Established",
            True,
            "InitialNamesAccepted",
            "the initial names have been accepted",
            now,
        )
    elif not established:
        _set(conditions, "Established", False, "NotAccepted", "not all names are accepted", now)
    return {**status, "acceptedNames": accepted, "conditions": conditions}


def is_established(crd: Object) -> bool:
    """Whether the definition is served."""
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Established" and each.get("status") == "True" for each in conditions)


def _taken(crd: Object, others: Iterable[Object]) -> tuple[set[str], set[str]]:
    """The names of resources and of kinds that other definitions of the group have."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for each in others:
        if (
            each["spec"]["group"] == crd["spec"]["group"]
            and each["metadata"]["name"] != crd["metadata"]["name"]
        ):
            names = (each.get("status") or {}).get("acceptedNames") or {}
            resources |= {
                names.get("plural", ""),
                names.get("singular", ""),
                *(names.get("shortNames") or []),
            }
            kinds |= {names.get("kind", ""), names.get("listKind", "")}
    return resources - {""}, kinds - {""}


def _accept(wanted: Object, before: Object, resources: set[str], kinds: set[str]) -> tuple[Object, str, str]:
    """The names that are accepted, and the reason and message of the last conflict, empty if there is none."""
    accepted, reason, message = dict(before), "", ""
    checks: list[tuple[str, str, set[str]]] = [
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("shortNames", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("listKind", "ListKindConflict", kinds),
    ]
    for key, why, taken in checks:
        conflicts = _conflicts(wanted.get(key), before.get(key), taken)
        if conflicts:
            reason, message = why, conflicts
        elif key in wanted:
            accepted[key] = wanted[key]
        else:
            accepted.pop(key, None)
    if "categories" in wanted:
        accepted["categories"] = wanted["categories"]
    return accepted, reason, message


def _conflicts(wanted: Any, before: Any, taken: set[str]) -> str:
    names = wanted if isinstance(wanted, list) else [wanted or ""]
    had = before if isinstance(before, list) else [before or ""]
    found = [f'"{name}" is already in use' for name in names if name not in had and name in taken]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]" if found else ""


def _set(conditions: list[Object], kind: str, good: bool, reason: str, message: str, now: str) -> None:
    """Puts a condition in place; its time changes only with its status."""
    said = "True" if good else "False"
    made = {"type": kind, "status": said, "lastTransitionTime": now, "reason": reason, "message": message}
    for index, each in enumerate(conditions):
        if each["type"] == kind:
            if each["status"] == said:
                made["lastTransitionTime"] = each.get("lastTransitionTime", now)
            conditions[index] = made
            return
    conditions.append(made)
