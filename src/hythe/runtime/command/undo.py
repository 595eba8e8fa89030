"""What to take back when a step of several fails: `contextlib.ExitStack` in small, which takes 2 ms to import."""

from __future__ import annotations

from collections.abc import Callable


class Undo:
    """Functions to call, last one first, when the `with` is left by an exception before `keep`."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def add(self, step: Callable[[], object]) -> None:
        self._steps.append(step)

    def keep(self) -> None:
        """All went well: nothing is taken back."""
        self._steps.clear()

    def __enter__(self) -> Undo:
        return self

    def __exit__(self, *_: object) -> None:
        while self._steps:
            step = self._steps.pop()
            try:
                step()
            except OSError:
                continue  # what failed first is what is told; the other steps still count
