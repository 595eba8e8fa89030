"""Laying one document over another: override files, extends, include.

Mappings are merged by key and lists are joined, but for these: a command, an entry point and a health check's
test are replaced as a whole; lists of NAME=value and of names become mappings first; ports, volumes, devices,
configs and secrets are told apart by where they end up in the container, and the later one replaces the
earlier. The tag !override replaces, !reset removes. Source: Compose Specification, "Merge".
"""

from __future__ import annotations

import os
from typing import Final

from hythe.compose.document import Items, Scalar, Table, Value, is_null, text

_REPLACED: Final = ("command", "entrypoint", "test")
_PAIRS: Final = ("environment", "labels", "args", "annotations", "sysctls", "driver_opts", "options")
_NAMES: Final = ("depends_on", "networks")
_TEXTS: Final = ("env_file", "label_file", "dns", "dns_search", "tmpfs", "ignore", "include")
_MOUNTED: Final = ("ports", "volumes", "devices", "configs", "secrets")


def merge(base: Value, over: Value, key: str = "") -> Value:
    """`over` laid over `base`; `key` is the name under which both stand."""
    if over.tag == "!override":
        return untagged(over)
    if is_null(over) and not isinstance(base, Scalar):
        return base
    base, over = _alike(base, key), _alike(over, key)
    if isinstance(base, Table) and isinstance(over, Table):
        if key == "logging" and _driver(base) != _driver(over) and _driver(over):
            return untagged(over)
        return _tables(base, over)
    if isinstance(base, Items) and isinstance(over, Items) and key not in _REPLACED:
        return _lists(base, over, key)
    return untagged(over)


def untagged(value: Value) -> Value:
    """Without the tags that only merging understands; what is tagged !reset is gone."""
    if isinstance(value, Scalar):
        return Scalar(value.value, value.text, value.place)
    if isinstance(value, Items):
        kept = [item for item in value.items if item.tag != "!reset"]
        return Items(tuple(untagged(item) for item in kept), value.place)
    entries = {key: untagged(item) for key, item in value.entries.items() if item.tag != "!reset"}
    return Table(entries, value.place, value.places)


def _tables(base: Table, over: Table) -> Table:
    entries = dict(base.entries)
    for key, value in over.entries.items():
        if value.tag == "!reset":
            entries.pop(key, None)
        elif key in entries:
            entries[key] = merge(entries[key], value, key)
        else:
            entries[key] = untagged(value)
    return Table(entries, over.place, {**base.places, **over.places})


def _lists(base: Items, over: Items, key: str) -> Items:
    result: dict[object, Value] = {}
    for item in (*base.items, *over.items):
        result[_identity(item, key)] = untagged(item)
    return Items(tuple(result.values()), over.place)


def _identity(item: Value, key: str) -> object:
    """What two items of a list have in common when the later one replaces the earlier."""
    if isinstance(item, Scalar):
        return _short_identity(item.text, key)
    if not isinstance(item, Table) or key not in _MOUNTED:
        return id(item)
    fields = {name: value.text for name, value in item.entries.items() if isinstance(value, Scalar)}
    if key == "ports":
        names = ("host_ip", "published", "target")
        protocol = fields.get("protocol", "tcp")
        return (*(fields.get(name, "") for name in names), protocol)
    target = fields.get("target") or fields.get("source", "")
    return ("target", os.path.normpath(target))


def _short_identity(written: str, key: str) -> object:
    if key == "ports":
        body, _, protocol = written.partition("/")
        parts = body.rsplit(":", 2)
        return (*[""] * (3 - len(parts)), *parts, protocol or "tcp")
    if key in ("volumes", "devices"):
        parts = written.split(":")
        return ("target", os.path.normpath(parts[1] if len(parts) > 1 else parts[0]))
    if key in ("configs", "secrets"):
        return ("target", written)
    return written


def _alike(value: Value, key: str) -> Value:
    """The form in which both sides can be merged."""
    if key == "build" and isinstance(value, Scalar) and value.value is not None:
        return Table({"context": value}, value.place)
    if key == "extends" and isinstance(value, Scalar):
        return Table({"service": value}, value.place)
    if key in _TEXTS and isinstance(value, Scalar) and value.value is not None:
        return Items((value,), value.place)
    if not isinstance(value, Items):
        return value
    if key in _PAIRS:
        return _pairs_table(value)
    if key in _NAMES:
        entries = {item.text: _default(item, key) for item in value.items if isinstance(item, Scalar)}
        return Table(
            entries, value.place, {item.text: item.place for item in value.items if isinstance(item, Scalar)}
        )
    return value


def _pairs_table(value: Items) -> Table:
    entries: dict[str, Value] = {}
    places = {}
    for item in value.items:
        if isinstance(item, Scalar):
            name, equals, written = item.text.partition("=")
            entries[name] = text(written, item.place) if equals else Scalar(None, "", item.place)
            places[name] = item.place
    return Table(entries, value.place, places)


def _default(item: Scalar, key: str) -> Value:
    if key == "networks":
        return Scalar(None, "", item.place)
    return Table({"condition": text("service_started", item.place)}, item.place)


def _driver(table: Table) -> str:
    driver = table.get("driver")
    return driver.text if isinstance(driver, Scalar) else ""
