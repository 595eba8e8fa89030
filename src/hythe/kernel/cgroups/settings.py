"""One limit as one value for one file, and writing many of them.

Some limits bound each other, and the kernel refuses with EINVAL what contradicts the present value of another:
memory above memory + swap, a burst above the quota, a quota too large for the period. Which of two has to be
first depends on the direction, so nothing is ordered here: what is refused is tried again after the others,
as long as that gets any further. A limit whose file is not there is refused by the name that config.json has
for it, before any other is written.
"""

# ruff: noqa: PTH110
from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hythe.errors import InvalidArgument, Unsupported
from hythe.kernel.cgroups import files


class Setting(NamedTuple):
    """`choices` are (file, value): the first whose file exists is written. `field` is below linux.resources.

    An `optional` one is left out where the kernel has no such file.
    """

    controller: str
    field: str
    choices: tuple[tuple[str, str], ...]
    optional: bool = False


def setting(controller: str, field: str, name: str, value: object, *, optional: bool = False) -> Setting:
    """One with a single file."""
    return Setting(controller, field, ((name, str(value)),), optional)


def write_all(settings: Iterable[Setting], folder: Callable[[str], str | None]) -> None:
    """Write them; `folder` gives the group's folder for a controller, None where it has none.

    Raises Unsupported before anything is written, InvalidArgument for a value the kernel does not take, OSError.
    """
    pending = [found for one in settings if (found := _place(one, folder)) is not None]
    while pending:
        refused: list[tuple[str, str, str]] = []
        for path, value, field in pending:
            try:
                files.write(path, value)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ERANGE):
                    raise
                refused.append((path, value, field))
                problem = error
        if len(refused) == len(pending):
            path, value, field = refused[-1]
            raise InvalidArgument(
                f"linux.resources.{field}: the kernel does not take {value!r} for {path}"
            ) from problem
        pending = refused


def _place(one: Setting, folder: Callable[[str], str | None]) -> tuple[str, str, str] | None:
    """(path, value, field); None for an optional one without a file."""
    where = folder(one.controller)
    for name, value in one.choices if where is not None else ():
        if os.path.exists(f"{where}/{name}"):
            return f"{where}/{name}", value, one.field
    if one.optional:
        return None
    raise missing(one.field, one.controller, one.choices[0][0] if where is not None else "")


def missing(field: str, controller: str, name: str = "") -> Unsupported:
    """The refusal of `field`: the whole controller is not there, or only the file `name` is not."""
    if name:
        return Unsupported(f"linux.resources.{field} cannot be set: this kernel has no {name}")
    return Unsupported(
        f"linux.resources.{field} cannot be set: the {controller} controller is not available here"
    )
