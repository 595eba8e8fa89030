"""Relative paths of a file that is not in the project's folder, made absolute: for extends and include."""

from __future__ import annotations

from collections.abc import Callable

from hythe.compose.document import Items, Scalar, Table, Value, text
from hythe.compose.normalise.build import REMOTE
from hythe.compose.normalise.storage import absolute, is_path


def service(table: Table, folder: str) -> Table:
    """A service whose paths began at `folder`."""
    entries = dict(table.entries)
    for key in ("env_file", "label_file"):
        if key in entries:
            entries[key] = _each(entries[key], lambda item: _path_or_table(item, folder))
    if "build" in entries:
        entries["build"] = _build(entries["build"], folder)
    if "volumes" in entries:
        entries["volumes"] = _each(entries["volumes"], lambda item: _volume(item, folder))
    extends = entries.get("extends")
    if isinstance(extends, Table) and "file" in extends.entries:
        entries["extends"] = extends.replace(file=_path(extends.entries["file"], folder))
    develop = entries.get("develop")
    if isinstance(develop, Table) and "watch" in develop.entries:
        watch = _each(develop.entries["watch"], lambda item: _path_or_table(item, folder))
        entries["develop"] = develop.replace(watch=watch)
    return table.with_entries(entries)


def sources(table: Table, folder: str) -> Table:
    """Configs or secrets whose files began at `folder`."""
    return table.with_entries(
        {
            key: item.replace(file=_path(item.entries["file"], folder))
            if isinstance(item, Table) and "file" in item.entries
            else item
            for key, item in table.entries.items()
        }
    )


def file(table: Table, folder: str) -> Table:
    """All of a Compose file."""
    entries = dict(table.entries)
    services = entries.get("services")
    if isinstance(services, Table):
        entries["services"] = services.with_entries(
            {
                key: service(item, folder) if isinstance(item, Table) else item
                for key, item in services.entries.items()
            }
        )
    for key in ("configs", "secrets"):
        found = entries.get(key)
        if isinstance(found, Table):
            entries[key] = sources(found, folder)
    return table.with_entries(entries)


def _each(value: Value, change: Callable[[Value], Value]) -> Value:
    if isinstance(value, Items):
        return Items(tuple(change(item) for item in value.items), value.place, value.tag)
    return change(value)


def _path(value: Value, folder: str) -> Value:
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        return value
    return text(absolute(value.value, folder), value.place)


def _path_or_table(value: Value, folder: str) -> Value:
    if isinstance(value, Table) and "path" in value.entries:
        return value.replace(path=_path(value.entries["path"], folder))
    return _path(value, folder)


def _build(value: Value, folder: str) -> Value:
    if isinstance(value, Table):
        context = value.get("context") or text(".", value.place)
        return value.replace(context=_build(context, folder))
    if isinstance(value, Scalar) and value.text.startswith(REMOTE):
        return value
    return _path(value, folder)


def _volume(value: Value, folder: str) -> Value:
    if isinstance(value, Table):
        kind, source = value.get("type"), value.get("source")
        if isinstance(kind, Scalar) and kind.text == "bind" and source is not None:
            return value.replace(source=_path(source, folder))
        return value
    if isinstance(value, Scalar) and isinstance(value.value, str):
        source_text, colon, rest = value.value.partition(":")
        if colon and is_path(source_text):
            return text(f"{absolute(source_text, folder)}:{rest}", value.place)
    return value
