"""What an operation does with what a client may send beside the path: declared with its route.

A parameter of the Docker API is in one of four states, and the table in docs/engine-api.md has a column for each
but the last. It is *honoured*: the handler reads it, and can read no other (`Call` looks it up here). It has *no
effect*, because what it chooses between does not exist in hythe: `rm` of a build that leaves no containers. It is
*refused*: a value that asks for something is answered with 501 that names it, before anything is done. Or it is
unknown, also to dockerd, and let through as dockerd lets it through.

Fields of bodies are those of the Structs in `types/`; those that are refused are named in `translate/refusals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from hythe.errors import Unsupported

# What clients send for "not asked for".
_NOTHING: Final = ("", "0", "false", "[]", "{}", "null")


@dataclass(frozen=True)
class Parameters:
    """Names of query parameters, `filters` the keys of the parameter of that name, and the body's type.

    `body_refused`: a body of that type may be sent, with nothing in it.
    """

    honoured: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    no_effect: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    body: type[Struct] | None = None
    body_refused: bool = False

    def check(self, query: Mapping[str, str]) -> None:
        """Raises Unsupported for a refused parameter that asks for something."""
        for name in self.refused:
            if query.get(name, "").strip().lower() not in _NOTHING:
                raise Unsupported(f"the parameter {name} is not supported")


NONE: Final = Parameters()
