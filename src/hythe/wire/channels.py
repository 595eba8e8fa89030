"""Kubernetes' channels: the streams of an exec, attach or port-forward as the messages of a WebSocket. No I/O.

The first byte of a message is its channel, the rest what is sent on it. The names of the subprotocols say what is
possible: `base64` in them, that messages are text, the channel a digit and the rest base64; from v4 on, that the end of
the program is told as a Status; from v5 on, that the client can end a channel with 255 and its number.

| exec, attach | channel | port-forward, for the i-th of the ports | channel |
|---|---|---|---|
| input | 0 | data | 2 i |
| output, errors | 1, 2 | errors | 2 i + 1 |
| the end (a Status) | 3 | | |
| the terminal's size | 4 | | |

Source: k8s.io/apimachinery, pkg/util/httpstream/wsstream, and k8s.io/kubelet, pkg/cri/streaming.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from hythe.errors import InvalidArgument

STDIN, STDOUT, STDERR, STATUS, RESIZE = 0, 1, 2, 3, 4
CLOSE: Final = 255
V5: Final = "v5.channel.k8s.io"
V4: Final = "v4.channel.k8s.io"
TUNNEL: Final = "SPDY/3.1+portforward.k8s.io"
EXEC: Final = (V5, V4, "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io")
"""The best first."""
FORWARD: Final = (TUNNEL, V4, "v4.base64.channel.k8s.io")
_LARGEST_SIZE: Final = 0xFFFF


class Channels(NamedTuple):
    """How messages are written under a subprotocol, "" for none."""

    protocol: str

    @property
    def text(self) -> bool:
        return "base64" in self.protocol

    @property
    def tells_status(self) -> bool:
        """Otherwise the end is told as a message for people, if anything went wrong."""
        return self.protocol.startswith(("v4", "v5"))

    @property
    def closes(self) -> bool:
        return self.protocol == V5

    def encode(self, channel: int, data: bytes) -> bytes:
        if self.text:
            return b"%d" % channel + base64.b64encode(data)
        return bytes((channel,)) + data

    def decode(self, message: bytes) -> tuple[int, bytes]:
        """(channel, data); (255, the channel's number) for one that is ended. Raises InvalidArgument."""
        if not message:
            raise InvalidArgument("a message without a channel")
        if not self.text:
            return message[0], message[1:]
        channel = message[0] - 0x30
        if not 0 <= channel <= 9:
            raise InvalidArgument(f"a message for the channel {message[:1]!r}")
        try:
            return channel, base64.b64decode(message[1:], validate=True)
        except binascii.Error as error:
            raise InvalidArgument(f"a message that is not base64: {error}") from error


def chosen(offered: Sequence[str], known: Sequence[str]) -> str:
    """The best of the subprotocols that a client offers, "" if it offers none. Raises InvalidArgument."""
    if not offered:
        return ""
    for one in known:
        if one in offered:
            return one
    raise InvalidArgument(
        f"none of the subprotocols {', '.join(offered)} is supported", hint=", ".join(known)
    )


def size(data: bytes) -> tuple[int, int]:
    """(height, width) of a terminal out of {"Width": w, "Height": h}. Raises InvalidArgument."""
    try:
        told = json.loads(data)
        height, width = int(told["Height"]), int(told["Width"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidArgument(f"a terminal's size cannot be read: {data[:80]!r}") from error
    if not (0 <= height <= _LARGEST_SIZE and 0 <= width <= _LARGEST_SIZE):
        raise InvalidArgument(f"a terminal of {width} x {height} is not possible")
    return height, width


def port_head(port: int) -> bytes:
    """What each channel of a port-forward begins with."""
    return struct.pack("<H", port)


def succeeded() -> dict[str, Any]:
    return {"metadata": {}, "status": "Success"}


def exited(code: int) -> dict[str, Any]:
    """The Status of a program that ended with a code other than 0."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def failed(message: str) -> dict[str, Any]:
    """The Status of one that could not be run."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
