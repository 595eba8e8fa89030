"""Changes of the store as the lines of a watch.

    {"type":"ADDED","object":{...}}

For a watcher that wants whole objects, the line is made of the stored bytes without decoding them, and kept for a
while: most watchers of a kind want the same. Others (tables, metadata alone, another version) get lines of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hythe.kube.apiserver import shapes
from hythe.kube.apiserver.call import Call
from hythe.kube.apiserver.encoding import dumps
from hythe.kube.apiserver.negotiation import PLAIN, Wanted
from hythe.kube.apiserver.records import Kept
from hythe.kube.apiserver.selection import Selection
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object
from hythe.kube.store.contract import Event


class Encoder:
    """Makes the lines of one watch."""

    def __init__(self, call: Call, wanted: Wanted, selection: Selection) -> None:
        self._call, self._wanted, self._selection = call, wanted, selection
        self._columns_sent = False

    def added(self, kept: Kept) -> bytes:
        """An object that is there when the watch begins. Not kept: nobody else begins at the same moment."""
        if self._wanted == PLAIN:
            return b'{"type":"ADDED","object":%b}\n' % kept.json()
        return self._line("ADDED", kept)

    def changes(self, events: Iterable[Event]) -> bytes:
        """The lines of those events that mean something to this watcher."""
        return b"".join(self._change(event) for event in events)

    def _change(self, event: Event) -> bytes:
        definition = self._call.definition
        before = Kept(definition, event.previous, event.revision) if event.previous is not None else None
        after = Kept(definition, event.value, event.revision) if event.value is not None else None
        was = before if before is not None and self._matches(before) else None
        now = after if after is not None and self._matches(after) else None
        if now is not None:
            return self._line("MODIFIED" if was is not None else "ADDED", now)
        if was is not None:
            return self._line("DELETED", was)
        return b""

    def _matches(self, kept: Kept) -> bool:
        return not self._selection or self._selection.matches(kept)

    def _line(self, change: str, kept: Kept) -> bytes:
        if self._wanted == PLAIN:
            return self._call.machine.lines.line(change, kept)
        return _line(change, self._shaped(kept.object()))

    def _shaped(self, obj: Object) -> Object:
        if self._wanted.shape != "Table":
            return shapes.one(self._call, self._wanted, obj)
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        columns, self._columns_sent = not self._columns_sent, True
        return shapes.table(self._call, self._wanted, [obj], metadata, columns=columns)

    def bookmark(self, revision: int, annotations: Mapping[str, str] | None = None) -> bytes:
        """How far the watcher is."""
        definition = self._call.definition
        metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = dict(annotations)
        obj: Object = {"kind": definition.kind, "apiVersion": definition.api_version, "metadata": metadata}
        if self._wanted.shape == "Table":
            rows = [{"cells": [], "object": shapes.partial(obj, self._wanted.version)}]
            version = f"meta.k8s.io/{self._wanted.version}"
            obj = {
                "kind": "Table",
                "apiVersion": version,
                "metadata": metadata,
                "columnDefinitions": None,
                "rows": rows,
            }
        elif self._wanted.shape:
            obj = shapes.partial(obj, self._wanted.version)
        return _line("BOOKMARK", obj)

    @staticmethod
    def error(error: ApiError) -> bytes:
        """The line that ends a watch which cannot go on."""
        return _line("ERROR", error.status())


def _line(change: str, obj: Object) -> bytes:
    return dumps({"type": change, "object": obj}) + b"\n"
