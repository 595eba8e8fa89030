"""The environment and the labels of a service, with the files that they come from."""

from __future__ import annotations

from collections.abc import Mapping

from hythe.compose import dotenv
from hythe.compose.document import Table, Value
from hythe.compose.interpolate import Warn
from hythe.compose.normalise import scalars
from hythe.compose.normalise.storage import absolute
from hythe.errors import NotFound


def environment(service: Table, folder: str, variables: Mapping[str, str], warn: Warn) -> dict[str, str]:
    """`env_file` first, then `environment`; a name without a value is the caller's, or left out."""
    result: dict[str, str] = {}
    for item in _files(service.get("env_file")):
        _update(result, _read(item, folder, variables, warn), variables)
    _update(result, scalars.pairs(service.get("environment")), variables)
    return result


def labels(service: Table, folder: str) -> dict[str, str]:
    result: dict[str, str] = {}
    for item in _files(service.get("label_file")):
        path = absolute(scalars.name(item), folder)
        found = dotenv.read(path, {}, lambda _: None, raw=True)
        result.update({key: text or "" for key, text in found.items()})
    result.update(scalars.settings(service.get("labels")))
    return result


def _files(value: Value | None) -> tuple[Value, ...]:
    if value is None:
        return ()
    return scalars.items(value) or ((value,) if scalars.word(value) is not None else ())


def _read(item: Value, folder: str, variables: Mapping[str, str], warn: Warn) -> Mapping[str, str | None]:
    required, raw = True, False
    path = scalars.name(item)
    if isinstance(item, Table):
        path = scalars.name(item.get("path"))
        required = scalars.flag(item.get("required")) is not False
        raw = scalars.word(item.get("format")) == "raw"
    try:
        return dotenv.read(absolute(path, folder), variables, warn, raw=raw)
    except NotFound as error:
        if not required:
            return {}
        raise item.place.problem(error.message, hint="make it, or write required: false") from error


def _update(result: dict[str, str], found: Mapping[str, str | None], variables: Mapping[str, str]) -> None:
    for key, text in found.items():
        if text is not None:
            result[key] = text
        elif key in variables:
            result[key] = variables[key]
        else:
            result.pop(key, None)
