"""JSON patches (RFC 6902): a list of operations on places that are named by JSON pointers (RFC 6901).

The operations are done one after another on a copy; the first that fails ends it all. What they do is what the
library does that Kubernetes uses, also where the RFC is stricter: `replace` of a member that is not there adds it,
an index may count from the end. What cannot be read is a bad request (400); what cannot be done is unprocessable
(422), with Kubernetes' general message, and what failed as its cause.

Source: github.com/evanphx/json-patch v4, and apiserver's handlers/patch.go.
"""

from __future__ import annotations

from typing import Any, Final

from hythe.kube.objects import status
from hythe.kube.objects.patch.merge import same
from hythe.kube.objects.status import ApiError, Cause
from hythe.kube.objects.types import Object

MAX_OPERATIONS: Final = 10000
_REJECTED: Final = "the server rejected our request due to an error in our request"
_ABSENT: Final = object()


def apply(document: Object, operations: Any) -> Object:
    """`document` after all the operations. Raises `ApiError` 400 for what is no patch, 413, or 422."""
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        found = "object" if isinstance(operations, dict) else type(operations).__name__
        raise status.bad_request(f"json: cannot unmarshal {found} into Go value of type jsonpatch.Patch")
    if len(operations) > MAX_OPERATIONS:
        raise status.too_large(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        )
    result: Any = _copy(document)
    for operation in operations:
        result = _done(result, operation)
    if not isinstance(result, dict):
        raise _failed("the result is no object")
    return result


def _copy(value: Any) -> Any:
    """A copy of a JSON value; several times quicker than `copy.deepcopy`, which expects anything."""
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _failed(why: str) -> ApiError:
    cause = Cause("UnexpectedServerResponse", why)
    return ApiError(422, "Invalid", _REJECTED, {"causes": [cause.as_object()]})


def _done(document: Any, operation: Object) -> Any:
    """The document after one operation."""
    name, value = operation.get("op"), _copy(operation.get("value"))
    if name not in ("add", "remove", "replace", "test", "move", "copy"):
        raise _failed(f"Unexpected kind: {name}")
    path = _steps(operation, "path")
    if name == "replace" and not path:
        return value
    if name == "test":
        return _tested(document, path, value)
    if name in ("move", "copy"):
        source = _steps(operation, "from")
        value = _copy(_get(document, source, str(name)))
        if name == "move":
            _remove(document, source, "move")
    if name == "remove":
        _remove(document, path, "remove")
    elif name == "replace":
        _replace(document, path, value)
    else:
        _add(document, path, value, str(name))
    return document


def _steps(operation: Object, key: str) -> list[str]:
    """The steps of a JSON pointer, with ~1 and ~0 undone."""
    text = operation.get(key)
    if not isinstance(text, str):
        raise _failed(f"{operation['op']} operation failed to decode {key}: missing value")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _text(path: list[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def _parent(document: Any, path: list[str], name: str) -> Any:
    """The object or list that holds what `path` names."""
    found = document
    for step in path[:-1]:
        found = found.get(step) if isinstance(found, dict) else _item(found, step)
    if not path or not isinstance(found, (dict, list)):
        raise _failed(f'{name} operation does not apply: doc is missing path: "{_text(path)}": missing value')
    return found


def _item(found: Any, step: str) -> Any:
    if not isinstance(found, list) or not _is_index(step) or not -len(found) <= int(step) < len(found):
        return None
    return found[int(step)]


def _is_index(step: str) -> bool:
    return step.isascii() and step.removeprefix("-").removeprefix("+").isdigit()


def _index(step: str, length: int) -> int:
    """A place in a list of `length`; -1 is the last one."""
    if not _is_index(step):
        raise _failed(
            f"value was not a proper array index: '{step}': strconv.Atoi: parsing \"{step}\": invalid syntax"
        )
    if not -length <= int(step) < length:
        raise _failed(f"Unable to access invalid index: {int(step)}: invalid index referenced")
    return int(step) % length


def _get(document: Any, path: list[str], name: str) -> Any:
    if not path:
        return document
    parent = _parent(document, path, name)
    if isinstance(parent, list):
        return parent[_index(path[-1], len(parent))]
    if path[-1] not in parent:
        raise _failed(
            f"{name} operation does not apply: doc is missing from path: {_text(path)}: missing value"
        )
    return parent[path[-1]]


def _add(document: Any, path: list[str], value: Any, name: str) -> None:
    parent = _parent(document, path, name)
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif path[-1] == "-":
        parent.append(value)
    else:
        parent.insert(_index(path[-1], len(parent) + 1), value)


def _remove(document: Any, path: list[str], name: str) -> None:
    parent = _parent(document, path, name)
    if isinstance(parent, list):
        del parent[_index(path[-1], len(parent))]
    elif parent.pop(path[-1], _ABSENT) is _ABSENT:
        raise _failed(
            f"error in {name} for path: '{_text(path)}': Unable to remove nonexistent key: {path[-1]}: missing value"
        )


def _replace(document: Any, path: list[str], value: Any) -> None:
    parent = _parent(document, path, "replace")
    if isinstance(parent, list):
        parent[_index(path[-1], len(parent))] = value
    else:
        parent[path[-1]] = value


def _tested(document: Any, path: list[str], value: Any) -> Any:
    """The document as it is, if `path` holds `value`; nothing there counts as null."""
    found = document
    if path:
        parent = _parent(document, path, "test")
        found = parent.get(path[-1]) if isinstance(parent, dict) else parent[_index(path[-1], len(parent))]
    if not same(found, value):
        raise _failed(f"testing value {_text(path)} failed: test failed")
    return document
