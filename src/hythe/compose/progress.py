"""What is being done, shown per thing: "Container shop-db-1  Healthy".

In a pipe every change is a line; on a terminal each thing has one line that changes, with how long it took,
drawn by rich, which is imported only then. All of it goes to standard error, for standard output belongs to
the containers. Kept out: the output of builds, see `buildview`.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

WORKING, DONE, FAILED, WARNED = "working", "done", "failed", "warned"
_DONE_WORDS: Final = frozenset(
    "Created Recreated Started Stopped Removed Running Healthy Exited Killed Paused Unpaused Restarted Pulled "
    "Built Copied Exists".split()
)


class Progress(AbstractContextManager["Progress"], Protocol):
    def show(self, thing: str, status: str, detail: str = "") -> None:
        """`thing` is "Container shop-db-1", `status` a word such as Creating."""

    def say(self, text: str) -> None:
        """A line of its own, such as a warning."""


def progress(how: str, *, ansi: bool) -> Progress:
    """`how` is auto, tty, plain, json or quiet."""
    if how == "quiet":
        return Quiet()
    if how == "json":
        return JsonLines()
    if how == "tty" or (how == "auto" and ansi and sys.stderr.isatty()):
        return Drawn()
    return Plain()


class Plain:
    """A line for every change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> Plain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, thing: str, status: str, detail: str = "") -> None:
        self.say(f" {thing}  {status}" + (f" {detail}" if detail else ""))

    def say(self, text: str) -> None:
        with self._lock:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


class Quiet(Plain):
    """Warnings only."""

    def show(self, thing: str, status: str, detail: str = "") -> None:
        return None


class JsonLines(Plain):
    """An object a line, for programs."""

    def show(self, thing: str, status: str, detail: str = "") -> None:
        import json

        fields = {"id": thing, "status": "Done" if status in _DONE_WORDS else "Working", "text": status}
        super().say(json.dumps(fields | ({"details": detail} if detail else {})))

    def say(self, text: str) -> None:
        import json

        super().say(json.dumps({"text": text}))


class Drawn:
    """One changing line for each thing."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console: Console = Console(stderr=True, highlight=False)
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[str, str, float, float | None]] = {}
        self._live: Live | None = None

    def __enter__(self) -> Drawn:
        from rich.live import Live

        self._live = Live(
            console=self._console, get_renderable=self._table, refresh_per_second=12, transient=False
        )
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._rows.clear()

    def show(self, thing: str, status: str, detail: str = "") -> None:
        now = time.monotonic()
        with self._lock:
            began = self._rows[thing][2] if thing in self._rows else now
            ended = now if status in _DONE_WORDS or status == "Error" else None
            self._rows[thing] = (status, detail, began, ended)

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)

    def _table(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        with self._lock:
            rows = list(self._rows.items())
        done = sum(ended is not None for _, (_, _, _, ended) in rows)
        table.add_row(Text(f"[+] {done}/{len(rows)}", style="bold"))
        for thing, (status, detail, began, ended) in rows:
            failed = status == "Error"
            mark, style = ("✘", "red") if failed else ("✔", "green") if ended else ("⠿", "yellow")
            spent = f"{(ended or now) - began:.1f}s"
            said = Text(f"{status} {detail}".strip(), style=style)
            table.add_row(Text(f" {mark} {thing}", style=style), said, Text(spent, style="dim"))
        return table
