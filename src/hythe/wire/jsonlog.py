"""The lines of a container's log as Docker's json-file driver has them. No I/O.

    {"log":"hello\\n","stream":"stdout","time":"2026-01-02T03:04:05.000000006Z"}

A record is a line of output, or a piece of one where "log" does not end with a newline. Output comes in large pieces
with many lines, so both directions work on whole pieces with the few operations on bytes that run at memory's speed:
all lines of a piece get the same time, and what stands between two of them is one constant string. `decode` knows such
a run by that string, since a quotation mark that is not escaped stands in no text; anything else, such as a file that
dockerd wrote, it reads record by record.

JSON holds text: bytes that are no UTF-8 become U+FFFD, as with dockerd.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from time import gmtime, strftime, strptime
from typing import Final

from hythe.wire.logframes import STDERR, STDOUT, Frame

STREAMS: Final = {STDOUT: "stdout", STDERR: "stderr"}
_NUMBERS: Final = {name: number for number, name in STREAMS.items()}
_HEAD: Final = b'{"log":"'
_TAIL: Final = b'","stream":"'
_SECOND: Final = 1_000_000_000
_CONTROL: Final = bytes(byte for byte in range(0x20) if byte != 0x0A)
_RARE: Final = re.compile(b"[" + re.escape(_CONTROL) + b"]")
_ESCAPES: Final = {bytes([byte]): json.dumps(chr(byte))[1:-1].encode() for byte in _CONTROL}
_RUN: Final = re.compile(rb'","stream":"(stdout|stderr)"(?:,"attrs":\{[^}]*\})?,"time":"([^"]+)"\}')
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def tail(stream: int, time: int, attributes: bytes = b"") -> bytes:
    """What follows the text of a record: `time` in nanoseconds since the epoch, `attributes` a JSON object."""
    seconds, rest = divmod(time, _SECOND)
    stamp = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(seconds))}.{rest:09d}Z"
    extra = b',"attrs":' + attributes if attributes else b""
    return b'","stream":"%b"%b,"time":"%b"}\n' % (STREAMS[stream].encode(), extra, stamp.encode())


def encode(lines: bytes, ending: bytes) -> bytes:
    """Records of all lines in `lines`, each with the `tail` `ending`; an unfinished line at the end is one too."""
    text = _escaped(lines)
    whole = text.endswith(b"\n")
    body = (text[:-1] if whole else text).replace(b"\n", b"\\n" + ending + _HEAD)
    return b"".join((_HEAD, body, b"\\n" if whole else b"", ending))


def _escaped(text: bytes) -> bytes:
    """What stands between JSON's quotation marks for `text`, newlines left as they are."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            text = text.decode(errors="replace").encode()
    if b"\\" in text:
        text = text.replace(b"\\", b"\\\\")
    if b'"' in text:
        text = text.replace(b'"', b'\\"')
    if len(text.translate(None, _CONTROL)) != len(text):
        text = _RARE.sub(lambda found: _ESCAPES[found[0]], text)
    return text


def unfinished_character(text: bytes) -> int:
    """How many bytes at the end are the beginning of a character in UTF-8 whose rest has not come."""
    for count in range(1, min(3, len(text)) + 1):
        byte = text[-count]
        if byte >= 0xC0:
            return count if count < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            return 0
    return 0


def decode(data: bytes) -> tuple[list[Frame], int]:
    """(output, how many bytes of `data` were whole records). A line that is no record is left out.

    Such a line can be in a file after the machine has lost its power.
    """
    end = data.rfind(b"\n") + 1
    frames: list[Frame] = []
    position = 0
    while position < end:
        stop = data.index(b"\n", position)
        found = _RUN.search(data, data.find(_TAIL, position, stop), stop)
        run = None if found is None or found.end() != stop else _run(data, position, found, end)
        if run is None:
            record = _record(data[position:stop])
            frames += [record] if record is not None else []
            position = stop + 1
        else:
            frame, position = run
            frames.append(frame)
    return frames, end


def _run(data: bytes, start: int, found: re.Match[bytes], end: int) -> tuple[Frame, int] | None:
    """The output of all records from `start` on that end as the first does, and where they end; None: not so simple."""
    ending = found[0] + b"\n"
    last = _last_with(data, ending, found.end(), end) + 1 - len(ending)
    body = data[start + len(_HEAD) : last].replace(b"\\n" + ending + _HEAD, b"\n")
    if not data.startswith(_HEAD, start) or _TAIL in body:
        return None
    try:
        if b"\\" in body:
            body = json.loads(b'"%b"' % body.replace(b"\n", b"\\n")).encode()
        time = _nanoseconds(found[2].decode())
    except ValueError:
        return None
    return Frame(time, _NUMBERS[found[1].decode()], body), last + len(ending)


def _last_with(data: bytes, ending: bytes, first: int, end: int) -> int:
    """Where the last of the records ends that follow each other from the one that ends at `first` on, with `ending`.

    They are looked for by halves, so that a piece of one line costs no more than that line.
    """

    def same(place: int) -> bool:
        return data.startswith(ending, place + 1 - len(ending))

    after = data.find(b"\n", first + 1, end)
    if after < 0 or not same(after):
        return first
    known, other = after, end - 1
    if same(other):
        return other
    while True:
        middle = data.find(b"\n", max((known + other) // 2, known + 1), other)
        if middle < 0:
            middle = data.find(b"\n", known + 1, other)
        if middle < 0:
            return known
        if same(middle):
            known = middle
        else:
            other = middle


def _record(line: bytes) -> Frame | None:
    try:
        fields = json.loads(line)
        return Frame(
            _nanoseconds(fields["time"]), _NUMBERS[fields["stream"]], fields["log"].encode(errors="replace")
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _nanoseconds(stamp: str) -> int:
    match = _TIME.fullmatch(stamp)
    if match is None:
        raise ValueError(f"no time in UTC: {stamp!r}")
    return _seconds(match[1]) * _SECOND + int((match[2] or "").ljust(9, "0"))


@lru_cache(maxsize=64)
def _seconds(stamp: str) -> int:
    return calendar.timegm(strptime(stamp, "%Y-%m-%dT%H:%M:%S"))


def lines_backwards(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """(where it begins, stream, whether it ends a line) of each whole record, the last one first."""
    end = data.rfind(b"\n")
    while end > 0:
        start = data.rfind(b"\n", 0, end) + 1
        place = data.find(_TAIL, start, end)
        name = data[place + len(_TAIL) : place + len(_TAIL) + 6].decode(errors="replace")
        finished = data[place - 2 : place] == b"\\n" and not _escaped_backslash(data, place - 2, start)
        yield start, _NUMBERS.get(name, 0), finished
        end = start - 1


def _escaped_backslash(data: bytes, place: int, start: int) -> bool:
    """Whether the backslash at `place` is itself the second of an escaped pair."""
    count = 0
    while place - 1 - count > start and data[place - 1 - count] == 0x5C:
        count += 1
    return count % 2 == 1
