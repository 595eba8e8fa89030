"""Objects seen through their shapes: is this one well-formed, which fields has it, what differs between two.

`fields_of` is the set that an applier comes to own: leaves, members of lists and of free maps, but not the structs
that lead there. `compare` finds what was added, changed and removed between two objects; of what is new or gone every
node counts, so that the owner of a new list's member also owns the member itself.

Equal parts are told by one comparison of Python's and not walked. Source: structured-merge-diff, typed/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hythe.kube.objects import printed
from hythe.kube.objects.apply import paths
from hythe.kube.objects.apply.fieldset import SELF, FieldSet
from hythe.kube.objects.shape import ANY, Shape

_ANY_SCALAR: Final = (int, float, str, bool)
_SCALARS: Final = {"number": (int, float), "integer": (int, float), "string": (str,), "boolean": (bool,)}


class Malformed(Exception):
    """The object does not fit its shape; the text is Kubernetes'."""


@dataclass(slots=True)
class Comparison:
    """What differs between two objects, as sets of fields."""

    added: FieldSet = field(default_factory=dict)
    changed: FieldSet = field(default_factory=dict)
    removed: FieldSet = field(default_factory=dict)


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


def compare(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape) -> Comparison:
    """What was added, changed and removed on the way from `old` to `new`."""
    found = Comparison()
    _compare_maps(old, new, shape, found)
    return found


def _all_of(value: Any, shape: Shape) -> FieldSet:
    """Every node of a value that is new or gone, itself among them."""
    if not value or is_leaf(value, shape):
        return {}
    found: FieldSet = {SELF: {}}
    if isinstance(value, dict):
        for name, each in value.items():
            found[f"f:{name}"] = _all_of(each, child(shape, name))
        return found
    for each in value:
        name = paths.of_member(shape, each)
        found[name] = {} if name in found else _all_of(each, shape.element or ANY)
    return found


def _compare_maps(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape, found: Comparison) -> None:
    declared = shape.fields
    for name, value in new.items():
        known = declared.get(name)
        if name in old:
            before = old[name]
            if before is value or (before == value and type(before) is type(value)):
                continue
        elif known is not None and known.always and isinstance(value, (dict, list)):
            before = type(value)()
            if not value:
                continue
        else:
            found.added[f"f:{name}"] = _all_of(value, known.shape if known else shape.element or ANY)
            continue
        _compare(f"f:{name}", before, value, known.shape if known else shape.element or ANY, found)
    if len(old) > len(new) or any(name not in new for name in old):
        _gone_from_map(old, new, shape, found)


def _gone_from_map(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape, found: Comparison) -> None:
    for name, value in old.items():
        if name in new:
            continue
        known = shape.fields.get(name)
        inner = known.shape if known else shape.element or ANY
        if known is not None and known.always and isinstance(value, (dict, list)):
            if value:
                _compare(f"f:{name}", value, type(value)(), inner, found)
        else:
            found.removed[f"f:{name}"] = _all_of(value, inner)


def _compare(name: str, old: Any, new: Any, shape: Shape, found: Comparison) -> None:
    """Two values of the same place that are not the same."""
    if old is None and isinstance(new, (dict, list)):
        old = type(new)()
    elif new is None and isinstance(old, (dict, list)):
        new = type(old)()
    if not old and not new:
        found.changed[name] = {}
    elif is_leaf(old, shape) or is_leaf(new, shape) or type(old) is not type(new):
        _replaced(name, old, new, shape, found)
    else:
        inner = Comparison()
        if isinstance(new, dict):
            _compare_maps(old, new, shape, inner)
        else:
            _compare_lists(old, new, shape, inner)
        _attach(name, inner, found)


def _replaced(name: str, old: Any, new: Any, shape: Shape, found: Comparison) -> None:
    """A leaf, or something of another sort: the place is changed, what was below it is gone, what is now is new."""
    if old == new and type(old) is not bool and type(new) is not bool:
        return
    found.changed[name] = {}
    for value, into in ((old, found.removed), (new, found.added)):
        if not is_leaf(value, shape):
            below = {key: each for key, each in _all_of(value, shape).items() if key != SELF}
            if below:
                into[name] = below


def _attach(name: str, inner: Comparison, found: Comparison) -> None:
    if inner.added:
        found.added[name] = inner.added
    if inner.changed:
        found.changed[name] = inner.changed
    if inner.removed:
        found.removed[name] = inner.removed


def by_name(value: list[Any], shape: Shape) -> dict[str, list[Any]]:
    """The members of a list by their path elements; usually one each."""
    found: dict[str, list[Any]] = {}
    for each in value:
        found.setdefault(paths.of_member(shape, each), []).append(each)
    return found


def _compare_lists(old: list[Any], new: list[Any], shape: Shape, found: Comparison) -> None:
    before, after = by_name(old, shape), by_name(new, shape)
    element = shape.element or ANY
    for name, values in after.items():
        olds = before.get(name)
        if olds is None:
            found.added[name] = _all_of(values[0], element) if len(values) == 1 else {}
        elif olds == values:
            continue
        elif len(olds) == 1 and len(values) == 1:
            _compare(name, olds[0], values[0], element, found)
        else:
            _duplicates(name, olds, values, element, found)
    for name, olds in before.items():
        if name not in after:
            found.removed[name] = _all_of(olds[0], element) if len(olds) == 1 else {}


def _duplicates(name: str, olds: list[Any], values: list[Any], element: Shape, found: Comparison) -> None:
    """Several members of one name are one value together."""
    if len(olds) > 1 and len(values) > 1:
        found.changed[name] = {}
    elif len(olds) > 1:
        found.added[name], found.removed[name] = _all_of(values[0], element), {}
    else:
        found.added[name], found.removed[name] = {}, _all_of(olds[0], element)
