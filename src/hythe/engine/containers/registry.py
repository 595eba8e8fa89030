"""All containers by id, by name and by unambiguous prefix; the durable collection behind them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from hythe.base.failpoints import reach
from hythe.engine.containers.handle import Handle
from hythe.engine.model import Container
from hythe.errors import Conflict, InvalidArgument, NoSpace, NotFound, SystemProblem
from hythe.store.database import Collection, Database

log = logging.getLogger("hythe.engine")


class Registry:
    """Names are reserved before anything is made for them, so that two creations cannot take the same."""

    def __init__(self, database: Database) -> None:
        self._records: Collection[Container] = database.collection("containers", Container)
        self._handles: dict[str, Handle] = {}
        self._names: dict[str, str] = {}
        self._unsaved: dict[str, Handle] = {}
        for id, record in self._records.all().items():
            self._handles[id] = Handle(record)
            self._names[record.name] = id

    def __iter__(self) -> Iterator[Handle]:
        return iter(list(self._handles.values()))

    def names(self) -> dict[str, str]:
        return self._names

    def find(self, ref: str) -> Handle:
        """By full id, name, or a prefix of the id that fits one container only."""
        key = ref.removeprefix("/")
        handle = self._handles.get(key) or self._handles.get(self._names.get(key, ""))
        if handle is not None:
            return handle
        matches = [h for id, h in self._handles.items() if id.startswith(key)] if key else []
        if len(matches) > 1:
            raise InvalidArgument(
                f"Multiple IDs found with provided prefix: {ref}", hint="give more of the id"
            )
        if not matches:
            raise NotFound(f"No such container: {ref}", hint="see: hythe ps -a")
        return matches[0]

    def get(self, id: str) -> Handle | None:
        return self._handles.get(id)

    def reserve(self, name: str, id: str) -> None:
        """Take the name for `id`, or raise Conflict."""
        holder = self._names.get(name)
        if holder is not None and holder != id:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name.",
                hint=f"hythe rm {name}",
            )
        self._names[name] = id

    def release(self, name: str) -> None:
        self._names.pop(name, None)

    def add(self, record: Container) -> Handle:
        handle = Handle(record)
        self._records.put(record.id, record)
        self._handles[record.id] = handle
        return handle

    def save(self, handle: Handle, *, must: bool = False) -> None:
        """Write the record as it is now; a removed container stays removed.

        What has happened has happened, whether or not the disk is full: unless it `must` be written, a record
        that cannot be is kept in memory and written with the next one that can.
        """
        reach("daemon:save")
        self._unsaved[handle.id] = handle
        try:
            for waiting in list(self._unsaved.values()):
                if not waiting.removed:
                    self._records.put(waiting.id, waiting.record)
                del self._unsaved[waiting.id]
        except (NoSpace, SystemProblem) as error:
            if must:
                del self._unsaved[handle.id]
                raise
            log.error("the state of %s is not written yet: %s", handle.record.name, error)

    def remove(self, handle: Handle) -> None:
        self._records.delete(handle.id)
        handle.removed = True
        self._handles.pop(handle.id, None)
        self._names.pop(handle.record.name, None)
