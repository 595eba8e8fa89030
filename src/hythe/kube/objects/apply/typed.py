"""Objects seen through their shapes: is this one well-formed, and which fields has it.

`fields_of` is the set that an applier comes to own: leaves, members of lists and of free maps, but not the structs
that lead there. Source: structured-merge-diff, typed/validate.go and tofieldset.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hythe.kube.objects import printed
from hythe.kube.objects.apply import paths
from hythe.kube.objects.apply.fieldset import SELF, FieldSet
from hythe.kube.objects.shape import ANY, Shape

_ANY_SCALAR: Final = (int, float, str, bool)
_SCALARS: Final = {"number": (int, float), "integer": (int, float), "string": (str,), "boolean": (bool,)}


class Malformed(Exception):
    """The object does not fit its shape; the text is Kubernetes'."""


def child(shape: Shape, name: str) -> Shape:
    """The shape of a map's member."""
    declared = shape.fields.get(name)
    return declared.shape if declared else shape.element or ANY


def is_leaf(value: Any, shape: Shape) -> bool:
    """Whether a value is owned whole: plain ones, atomic ones, lists of which nothing is known."""
    if isinstance(value, dict):
        return shape.atomic or shape.sort in ("scalar", "list")
    if isinstance(value, list):
        return shape.atomic or shape.sort != "list"
    return True


def check(value: Any, shape: Shape, *, duplicates: bool = False) -> None:
    """Raises `Malformed` with all that does not fit. `duplicates`: lists may have members of the same name."""
    if not duplicates and _fits(value, shape):
        return
    problems: list[str] = []
    _check(value, shape, "", duplicates, problems)
    if problems:
        raise Malformed(
            problems[0] if len(problems) == 1 else "errors:\n" + "\n".join(f"  {p}" for p in problems)
        )


def _fits(value: Any, shape: Shape) -> bool:
    """What `check` finds, without saying where: nearly everything fits."""
    sort = shape.sort
    if sort == "scalar":
        allowed = _SCALARS.get(shape.type, _ANY_SCALAR)
        return value is None or (isinstance(value, allowed) and (type(value) is not bool or bool in allowed))
    if value is None or sort == "any":
        return True
    if sort == "map":
        return isinstance(value, dict) and _map_fits(value, shape)
    if not isinstance(value, list):
        return False
    element = shape.element or ANY
    if not all(_fits(each, element) for each in value):
        return False
    if shape.atomic:
        return True
    try:
        return len({paths.of_member(shape, each) for each in value}) == len(value)
    except paths.Unnamed:
        return False


def _map_fits(value: Mapping[str, Any], shape: Shape) -> bool:
    declared, element = shape.fields, shape.element
    for name, each in value.items():
        known = declared.get(name)
        inner = known.shape if known is not None else element
        if inner is None or not _fits(each, inner):
            return False
    return True


def _check(value: Any, shape: Shape, path: str, duplicates: bool, problems: list[str]) -> None:
    if value is None or shape.sort == "any":
        return
    if shape.sort == "map":
        if not isinstance(value, dict):
            problems.append(f"{path}: expected map, got {_wrapped(value)}")
            return
        for name, each in value.items():
            if name not in shape.fields and shape.element is None:
                problems.append(f"{path}.{name}: field not declared in schema")
            else:
                _check(each, child(shape, name), f"{path}.{name}", duplicates, problems)
    elif shape.sort == "list":
        if not isinstance(value, list):
            problems.append(f"{path}: expected list, got {_wrapped(value)}")
        else:
            _check_list(value, shape, path, duplicates, problems)
    else:
        _check_scalar(value, shape, path, problems)


def _check_list(value: list[Any], shape: Shape, path: str, duplicates: bool, problems: list[str]) -> None:
    seen: set[str] = set()
    for index, each in enumerate(value):
        name = f"i:{index}"
        if not shape.atomic:
            try:
                name = paths.of_member(shape, each)
            except paths.Unnamed as problem:
                problems.append(f"{path}: element {index}: {problem}")
                return
            if name in seen and not duplicates:
                problems.append(f"{path}: duplicate entries for key {paths.shown(name)}")
            seen.add(name)
        _check(each, shape.element or ANY, path + paths.shown(name), duplicates, problems)


def _check_scalar(value: Any, shape: Shape, path: str, problems: list[str]) -> None:
    allowed = _SCALARS.get(shape.type, _ANY_SCALAR)
    if isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed):
        return
    if shape.type in ("number", "integer"):
        problems.append(f"{path}: expected numeric (int or float), got {printed.type_name(value)}")
    elif shape.type == "string":
        said = printed.syntax(value)
        problems.append(f"{path}: expected string, got &value.valueUnstructured{{Value:{said}}}")
    else:
        problems.append(f"{path}: expected {shape.type or 'any scalar'}, got {_wrapped(value)}")


def _wrapped(value: Any) -> str:
    """A value inside the wrapper that Kubernetes prints it with."""
    return f"&{{{printed.plain(value)}}}"


def fields_of(value: Mapping[str, Any], shape: Shape) -> FieldSet:
    """The set of fields that an object names."""
    return _fields_of_map(value, shape)


def _fields_of_map(value: Mapping[str, Any], shape: Shape) -> FieldSet:
    found: FieldSet = {}
    declared = shape.fields
    for name, each in value.items():
        known = declared.get(name)
        inner = known.shape if known else shape.element or ANY
        if is_leaf(each, inner):
            found[f"f:{name}"] = {}
            continue
        below = _fields_of_map(each, inner) if isinstance(each, dict) else _fields_of_list(each, inner)
        if isinstance(each, dict) and (not each or known is None):
            below = {SELF: {}, **below} if below else {}
        elif not below:
            continue
        found[f"f:{name}"] = below
    return found


def _fields_of_list(value: list[Any], shape: Shape) -> FieldSet:
    found: FieldSet = {}
    element = shape.element or ANY
    for each in value:
        name = paths.of_member(shape, each)
        if name in found or is_leaf(each, element):
            found[name] = {}
            continue
        below = _fields_of_map(each, element) if isinstance(each, dict) else _fields_of_list(each, element)
        found[name] = {SELF: {}, **below} if below else {}
    return found
