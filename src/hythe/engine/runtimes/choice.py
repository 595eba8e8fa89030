"""Which OCI runtime runs a container: hythe's own, or a program that the user names.

"hythe" (and nothing said) is the warden itself. Others are those of the daemon's configuration, and the two that
every engine knows, runc and crun, wherever they are on the PATH: so `--runtime runc` needs no configuration, as with
docker. "io.containerd.runc.v2" is docker's other name for runc. A container keeps the name that it was created with.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Final

from hythe.errors import InvalidArgument
from hythe.runtime.protocol import Program

OWN: Final = "hythe"
KNOWN: Final = ("crun", "runc")
_ALIASES: Final = {"io.containerd.runc.v2": "runc"}


class Runtimes:
    """`configured` is by name; `default` is for containers that name none."""

    def __init__(self, configured: Mapping[str, Program], default: str = OWN) -> None:
        self._configured = dict(configured)
        self.default = default

    def name(self, asked: str) -> str:
        """The name to keep for what was asked for. Raises InvalidArgument for a runtime that is not there."""
        name = _ALIASES.get(asked, asked) or self.default
        self.program(name)
        return name

    def program(self, name: str) -> Program | None:
        """What runs it; None for our own. Raises InvalidArgument."""
        if name in ("", OWN):
            return None
        found = self._configured.get(name) or (_on_path(name) if name in KNOWN else None)
        if found is None or not os.access(found["path"], os.X_OK):
            raise InvalidArgument(
                f"unknown or invalid runtime name: {name}",
                hint=f"there are {', '.join(sorted(self.known()))}; "
                "hythe daemon --add-runtime NAME=PATH adds one",
            )
        return found

    def known(self) -> dict[str, Program | None]:
        """All that can be named, with what runs them."""
        there = {name: found for name in KNOWN if (found := _on_path(name)) is not None}
        return {OWN: None} | there | self._configured


def _on_path(name: str) -> Program | None:
    path = shutil.which(name)
    return None if path is None else {"name": name, "path": os.path.realpath(path), "args": []}
