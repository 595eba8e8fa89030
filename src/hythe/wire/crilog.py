"""The lines of a container's log as Kubernetes has them (kubelet, "CRI container log format"). No I/O.

    2026-01-02T03:04:05.000000006Z stdout F hello
    2026-01-02T03:04:05.000000006Z stdout P a line that goes on in the next one of this stream

Time, stream, F for a line that is whole or the last part of one, P for a part that more follows; then the text as it
was written, with no escaping, since it ends with its newline.
"""

from __future__ import annotations

import calendar
import re
from functools import lru_cache
from time import gmtime, strftime, strptime
from typing import Final

from hythe.wire.logframes import STDERR, STDOUT, Frame

_STREAMS: Final = {STDOUT: b"stdout", STDERR: b"stderr"}
_NUMBERS: Final = {name: number for number, name in _STREAMS.items()}
_SECOND: Final = 1_000_000_000
_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def stamp(time: int) -> bytes:
    """`time`, nanoseconds since the epoch, with all nine digits."""
    seconds, rest = divmod(time, _SECOND)
    return f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(seconds))}.{rest:09d}Z".encode()


def encode(time: int, stream: int, lines: bytes) -> bytes:
    """Records of whole lines: `lines` ends with a newline."""
    head = b"%b %b F " % (stamp(time), _STREAMS[stream])
    return head + lines[:-1].replace(b"\n", b"\n" + head) + b"\n"


def encode_part(time: int, stream: int, data: bytes) -> bytes:
    """A record of part of a line, which more follows."""
    return b"%b %b P %b\n" % (stamp(time), _STREAMS[stream], data)


def decode(data: bytes) -> tuple[list[Frame], int]:
    """(whole records, bytes they took). A part of a line comes without a newline; what is no record is passed over."""
    end = data.rfind(b"\n") + 1
    found = (_record(line) for line in data[:end].split(b"\n"))
    return [frame for frame in found if frame is not None], end


def _record(line: bytes) -> Frame | None:
    fields = line.split(b" ", 3)
    if len(fields) < 4 or fields[1] not in _NUMBERS:
        return None
    time = _moment(fields[0])
    if time is None:
        return None
    text = fields[3] if fields[2].split(b":")[0] == b"P" else fields[3] + b"\n"
    return Frame(time, _NUMBERS[fields[1]], text)


def _moment(text: bytes) -> int | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    return _seconds(match[1]) * _SECOND + int((match[2] or b"").ljust(9, b"0"))


@lru_cache(maxsize=16)
def _seconds(text: bytes) -> int:
    return calendar.timegm(strptime(text.decode(), "%Y-%m-%dT%H:%M:%S"))
