"""How a pull or a push is shown: a line for each layer, with its bar, on a terminal; every new state in a pipe.

On a terminal a line that changes is drawn again in its place: the cursor goes up to it and back. Lines beyond the
screen's height cannot be reached and are not drawn.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import IO, Any

Json = dict[str, Any]


class States:
    """One line for each change of state; bars are left out on purpose: they are no states."""

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out, self._last = out, dict[str, str]()

    def message(self, message: Json) -> None:
        status, layer = message.get("status"), message.get("id", "")
        if not status or message.get("progress") or (layer and self._last.get(layer) == status):
            return
        self._last[layer] = status
        self._out(f"{layer}: {status}" if layer else status)


class Bars:
    """On a terminal."""

    def __init__(self, out: IO[str]) -> None:
        self._out, self._rows, self._height = out, dict[str, int](), 0

    def message(self, message: Json) -> None:
        status, layer = message.get("status"), message.get("id", "")
        if not status:
            return
        size = shutil.get_terminal_size()
        text = f"{layer}: {status}" if layer else status
        if message.get("progress"):
            text += f" {message['progress']}"
        text = text[: size.columns - 1]
        if not layer or "progressDetail" not in message:
            self._append(text)
            return
        if layer not in self._rows:
            self._rows[layer] = self._height
            self._append(text)
            return
        up = self._height - self._rows[layer]
        if up < size.lines:
            self._out.write(f"\x1b[{up}A\r\x1b[2K{text}\r\x1b[{up}B")
            self._out.flush()

    def _append(self, text: str) -> None:
        self._height += 1
        self._out.write(f"{text}\n")
        self._out.flush()


def shown(
    out: Callable[[str], None], *, stream: IO[str] | None = None, quiet: bool = False
) -> Callable[[Json], None]:
    """What to call with each message. `stream` is where `out` writes, standard output if not said."""
    if quiet:
        return lambda message: None
    place = stream or sys.stdout
    return Bars(place).message if place.isatty() else States(out).message
