"""`extends`: a service begins as a copy of another one, of the same file or of another.

The other one's own extends is followed first. Paths of another file are relative to that file. What refers to
things beside the service (depends_on, volumes_from, namespaces of services) is copied like the rest, and
checked later. Source: Compose Specification, "extends".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hythe.compose import rebase, yamlfile
from hythe.compose.document import Place, Table, Value
from hythe.compose.files import Sources
from hythe.compose.interpolate import Warn
from hythe.compose.merge import merge
from hythe.compose.normalise import scalars
from hythe.compose.normalise.storage import absolute

Prepare = Callable[[Table, Mapping[str, str], Warn], Table]


def followed(document: Table, sources: Sources, warn: Warn, prepare: Prepare) -> Table:
    """The document with every `extends` of its services replaced by what it stands for."""
    services = document.get("services")
    if not isinstance(services, Table):
        return document
    return _Extending(sources, warn, prepare).document(document, sources.folder)


class _Extending:
    def __init__(self, sources: Sources, warn: Warn, prepare: Prepare) -> None:
        self._sources, self._warn, self._prepare = sources, warn, prepare
        self._files: dict[str, Table] = {}

    def document(self, document: Table, folder: str) -> Table:
        services = scalars.table(document.get("services"))
        done = {
            key: self._service(document, key, value, folder, ()) for key, value in services.entries.items()
        }
        return document.replace(services=services.with_entries(done))

    def _service(
        self, document: Table, name: str, value: Value, folder: str, chain: tuple[tuple[str, str], ...]
    ) -> Value:
        if not isinstance(value, Table) or value.get("extends") is None:
            return value
        place = value.where("extends")
        here = (document.place.file, name)
        if here in chain:
            route = " -> ".join(service for _, service in (*chain, here))
            raise place.problem(f"services extend each other in a circle: {route}")
        extended = value.get("extends")
        if isinstance(extended, Table):
            other = scalars.name(extended.get("service"))
            path = scalars.word(extended.get("file"))
        else:
            other, path = scalars.name(extended), None
        base = self._base(document, other, path, folder, place, (*chain, here))
        return merge(base, value.without("extends"))

    def _base(
        self, document: Table, other: str, path: str | None, folder: str, place: Place,
        chain: tuple[tuple[str, str], ...],
    ) -> Value:  # fmt: skip
        """The service that is extended, its own extends done, its paths right for our folder."""
        inside = folder
        if path is not None:
            full = absolute(path, folder)
            document, inside = self._file(full, place), str(Path(full).parent)
        services = scalars.table(document.get("services"))
        found = services.get(other)
        if not isinstance(found, Table):
            where = f" in {path}" if path else ""
            raise place.problem(f"there is no service {other!r}{where} to extend", hint=_known(services))
        done = self._service(document, other, found, inside, chain)
        if inside != folder and isinstance(done, Table):
            return rebase.service(done, inside)
        return done

    def _file(self, path: str, place: Place) -> Table:
        if path not in self._files:
            if not Path(path).is_file():
                raise place.problem(f"there is no file {path} to extend from")
            documents = yamlfile.read_file(path)
            if len(documents) != 1 or not isinstance(documents[0], Table):
                raise place.problem(f"{path} is not a Compose file")
            self._files[path] = self._prepare(documents[0], self._sources.variables, self._warn)
        return self._files[path]


def _known(services: Table) -> str:
    return f"there are: {', '.join(services.entries)}" if services.entries else "it has no services"
