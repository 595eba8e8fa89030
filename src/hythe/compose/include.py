"""`include`: other Compose files as parts of this one, each with its own folder and variables.

What they declare is added; a name that is declared on both sides is refused, for it would be unclear which
holds (an override is written as a second file in the same include entry). Source: Compose Specification, "include".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hythe.compose import rebase
from hythe.compose.document import Table, Value, plain
from hythe.compose.files import Sources, env_file_variables
from hythe.compose.interpolate import Warn
from hythe.compose.normalise import scalars
from hythe.compose.normalise.storage import absolute

_SECTIONS: Final = ("services", "networks", "volumes", "configs", "secrets")
Load = Callable[[list[str], Sources, Warn], Table]


def followed(document: Table, sources: Sources, warn: Warn, load: Load) -> Table:
    """The document with what it includes."""
    result = document.without("include")
    for item in scalars.items(document.get("include")):
        result = _added(result, _included(item, sources, warn, load), item)
    return result


def _included(item: Value, sources: Sources, warn: Warn, load: Load) -> Table:
    table = item if isinstance(item, Table) else Table({"path": item}, item.place)
    paths = [absolute(path, sources.folder) for path in scalars.texts(table.get("path"))]
    for path in paths:
        if path in sources.files:
            raise item.place.problem(f"{path} includes itself")
        if not Path(path).is_file():
            raise item.place.problem(f"there is no file {path} to include")
    given = scalars.word(table.get("project_directory"))
    folder = absolute(given, sources.folder) if given else str(Path(paths[0]).parent)
    env_files = [absolute(path, sources.folder) for path in scalars.texts(table.get("env_file"))]
    default = Path(folder) / ".env"
    if not env_files and folder != sources.folder and default.is_file():
        env_files = [str(default)]
    variables = env_file_variables(env_files, sources.variables, warn)
    inner = Sources((*sources.files, *paths), folder, variables)
    loaded = load(paths, inner, warn)
    return rebase.file(loaded, folder) if folder != sources.folder else loaded


def _added(document: Table, included: Table, item: Value) -> Table:
    entries = dict(document.entries)
    for key in _SECTIONS:
        theirs = scalars.table(included.get(key))
        if not theirs.entries:
            continue
        ours = scalars.table(entries.get(key))
        for name, value in theirs.entries.items():
            if name in ours.entries and plain(ours.entries[name]) != plain(value):
                raise ours.where(name).problem(
                    f"{key}.{name} is declared here and in the included {theirs.where(name)}",
                    hint="rename one of them, or list an override file in include's path",
                )
        places = {**theirs.places, **ours.places}
        merged = {**theirs.entries, **ours.entries}
        entries[key] = Table(merged, ours.place if ours.entries else item.place, places)
    return Table(entries, document.place, document.places)
