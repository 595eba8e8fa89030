"""Detach keys: the sequence by which a client at a terminal leaves a container running. Pure.

The keys may arrive in any number of pieces. What might be the beginning of the sequence is held back; when
the next byte does not fit, all of it is passed on, as a terminal user pressing ctrl-p alone expects.
"""

from __future__ import annotations

from collections.abc import Sequence


class DetachKeys:
    """Feed input through it; `feed` says what to pass on and whether the sequence is complete."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._keys = bytes(keys)
        self._held = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """(bytes for the container, detached). After a detach the rest of `data` is dropped."""
        if not self._keys:
            return data, False
        passed = bytearray()
        for value in data:
            while self._held and value != self._keys[self._held]:
                # Pass on the shortest beginning that leaves the rest a possible start of the sequence.
                self._held, dropped = self._fall_back()
                passed += dropped
            if value == self._keys[self._held]:
                self._held += 1
                if self._held == len(self._keys):
                    self._held = 0
                    return bytes(passed), True
            else:
                passed.append(value)
        return bytes(passed), False

    def _fall_back(self) -> tuple[int, bytes]:
        held = self._keys[: self._held]
        for length in range(self._held - 1, 0, -1):
            if held.endswith(self._keys[:length]):
                return length, held[: self._held - length]
        return 0, held

    def flush(self) -> bytes:
        """What is held back, when no more input will come."""
        held, self._held = self._keys[: self._held], 0
        return held
