"""How a build is shown: every line in a pipe, one line a step on a terminal.

On a terminal a step's output is one changing line below it, and goes when the step is done; all of the last
step's output is printed if the build fails, for there the reason is. NO_COLOR is honoured.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from typing import IO, Any, Final, Protocol

_STEP: Final = re.compile(r"^Step (\d+)/(\d+) : (.*)")
_NOISE: Final = re.compile(
    r"^( ---> (Running in )?[0-9a-f]{6,}|Removing intermediate container .*| --->)\s*$"
)
_CACHED: Final = re.compile(r"^\s*---> Using cache")
_UP: Final = "\r\x1b[K"

Json = dict[str, Any]


class Printer(Protocol):
    def message(self, message: Json) -> None: ...
    def done(self) -> None: ...
    def failed(self) -> None: ...


def printer(how: str, *, quiet: bool) -> Printer:
    """`how` is auto, plain, tty or rawjson."""
    if quiet:
        return Silent()
    if how == "rawjson":
        return RawJson()
    if how == "tty" or (how == "auto" and sys.stdout.isatty()):
        return Terminal(sys.stdout, color="NO_COLOR" not in os.environ)
    return Plain(sys.stdout)


class Silent:
    """Shows nothing but the output of what failed."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def message(self, message: Json) -> None:
        text = message.get("stream", "")
        if _STEP.match(text):
            self._lines.clear()
        self._lines.append(text)

    def done(self) -> None:
        self._lines.clear()

    def failed(self) -> None:
        sys.stderr.write("".join(self._lines))


class RawJson:
    """The daemon's messages as they are."""

    def message(self, message: Json) -> None:
        from hythe.cli.format.values import to_json

        print(to_json(message), flush=True)

    def done(self) -> None:
        pass

    def failed(self) -> None:
        pass


class Plain:
    """Every line, as docker's classic builder prints it."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def message(self, message: Json) -> None:
        if "stream" in message:
            self._out.write(message["stream"])
        elif "status" in message and not message.get("progress"):
            layer = message.get("id")
            self._out.write(f"{layer}: {message['status']}\n" if layer else f"{message['status']}\n")
        self._out.flush()

    def done(self) -> None:
        self._out.flush()

    def failed(self) -> None:
        self._out.flush()


class Terminal:
    """One line a step: number, instruction, how long, or that it came from the cache."""

    def __init__(self, out: IO[str], *, color: bool) -> None:
        self._out = out
        self._bold, self._dim, self._plain = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if color else ("", "", "")
        self._title, self._began, self._cached = "", 0.0, False
        self._output: list[str] = []
        self._partial = ""

    def message(self, message: Json) -> None:
        text = message.get("stream") or ""
        if not text and "status" in message and not message.get("progress"):
            text = f"{message['status']}\n"
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._line(line)

    def done(self) -> None:
        self._finish()

    def failed(self) -> None:
        self._out.write(_UP)
        if self._title:
            self._out.write(f"{self._bold}✗ {self._title}{self._plain}\n")
        for line in [*self._output, *([self._partial] if self._partial else [])]:
            self._out.write(f"  {line}\n")
        self._out.flush()

    def _line(self, line: str) -> None:
        step = _STEP.match(line)
        if step:
            self._finish()
            self._title, self._began = f"[{step[1]}/{step[2]}] {step[3]}", time.monotonic()
            self._draw(self._title)
        elif _CACHED.match(line):
            self._cached = True
        elif line.startswith("Successfully "):
            self._finish()
            self._out.write(f"{line}\n")
        elif line.strip() and not _NOISE.match(line):
            self._output.append(line)
            self._draw(f"{self._title}  {self._dim}{line.strip()}{self._plain}")

    def _draw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 3
        shown = re.sub(r"[\x00-\x1a\x1c-\x1f]", " ", text)
        cut = shown if len(shown) <= width else shown[:width] + self._plain
        self._out.write(f"{_UP}  {cut}")
        self._out.flush()

    def _finish(self) -> None:
        if self._title:
            took = "CACHED" if self._cached else f"{time.monotonic() - self._began:.1f}s"
            self._out.write(f"{_UP}✓ {self._title}  {self._dim}{took}{self._plain}\n")
        self._title, self._cached = "", False
        self._output.clear()
        self._out.flush()
