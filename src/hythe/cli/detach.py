"""The keys that detach from a container.

The daemon acts on them; the client only has to know, when the stream ends, whether they were the reason, for then
the program is still running.
"""

from __future__ import annotations

from typing import Final

from hythe.errors import InvalidArgument

_DEFAULT_KEYS: Final = "ctrl-p,ctrl-q"
_CONTROL: Final = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def detach_bytes(keys: str | None) -> bytes:
    """ "ctrl-p,ctrl-q" -> b"\\x10\\x11"; "ctrl-" with a to z or one of @ [ \\ ] ^ _, or a plain character."""
    result = bytearray()
    for key in (keys or _DEFAULT_KEYS).split(","):
        if len(key) == 1:
            result.append(ord(key))
        elif key.startswith("ctrl-") and len(key) == 6 and (key[5].isalpha() or key[5] in _CONTROL):
            result.append(_CONTROL[key[5]] if key[5] in _CONTROL else ord(key[5].lower()) - 96)
        else:
            raise InvalidArgument(f"invalid detach keys {keys!r}", hint="such as ctrl-p,ctrl-q or ctrl-x,d")
    return bytes(result)


class DetachWatch:
    """Sees what is typed; `done` once the sequence has been."""

    def __init__(self, keys: str | None) -> None:
        self._sequence = detach_bytes(keys)
        self._matched = 0
        self.done = False

    def feed(self, data: bytes) -> None:
        for byte in data:
            if byte == self._sequence[self._matched]:
                self._matched += 1
            else:
                self._matched = int(byte == self._sequence[0])
            if self._matched == len(self._sequence):
                self.done, self._matched = True, 0
