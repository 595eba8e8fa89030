"""A netlink socket: requests go out together, each is acknowledged, errors carry the kernel's words.

Several requests travel in one send(2): the kernel handles them one after the other and acknowledges each by
its sequence number. With NETLINK_EXT_ACK the kernel adds a sentence to most refusals ("Device is already
enslaved"), which ends up in `NetlinkError`. The socket belongs to the network namespace its creator was in,
whatever thread uses it later. Not thread-safe: the owner has a lock. Source: netlink(7).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Sequence
from types import TracebackType

from hythe.kernel.netlink.message import (
    HEADER,
    NLM_F_ACK,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    Message,
    Request,
    as_text,
    attributes,
    pack,
    unpack,
)

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NLMSGERR_ATTR_MSG = 1
_RECEIVE = 1 << 18
_DUMP_ATTEMPTS = 8


class NetlinkError(OSError):
    """The kernel refused a request. `errno` is its number, `what` the request, `detail` its words or ""."""

    def __init__(self, number: int, what: str, detail: str) -> None:
        reason = os.strerror(number) + (f" ({detail})" if detail else "")
        super().__init__(number, f"cannot {what}: {reason}")
        self.what, self.detail = what, detail


class Channel:
    """A netlink socket in the calling thread's network namespace."""

    def __init__(self, protocol: int = NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._sequence = 0
        try:
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
            self._socket.bind((0, 0))
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Channel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, *requests: Request, ignore: Sequence[int] = ()) -> None:
        """Have all requests done, in order. Raises NetlinkError for the first refusal not in `ignore`.

        The kernel goes on to later requests after a refusal; callers undo as a whole.
        """
        pending: dict[int, Request] = {}
        packets: list[bytes] = []
        for request in requests:
            self._sequence += 1
            pending[self._sequence] = request
            packets.append(pack(request, self._sequence, NLM_F_REQUEST | NLM_F_ACK))
        if not packets:
            return
        self._socket.send(b"".join(packets))
        failure: NetlinkError | None = None
        while pending:
            for message in unpack(self._socket.recv(_RECEIVE)):
                if message.kind != NLMSG_ERROR or message.sequence not in pending:
                    continue
                error = _refusal(message, pending.pop(message.sequence).what)
                if failure is None and error is not None and error.errno not in ignore:
                    failure = error
        if failure is not None:
            raise failure

    def ask(self, request: Request) -> Message:
        """The single answer to a "get" request."""
        self._sequence += 1
        self._socket.send(pack(request, self._sequence, NLM_F_REQUEST))
        while True:
            for message in unpack(self._socket.recv(_RECEIVE)):
                if message.sequence != self._sequence:
                    continue
                if message.kind == NLMSG_ERROR:
                    error = _refusal(message, request.what)
                    raise error or NetlinkError(errno.ENODATA, request.what, "")
                return message

    def dump(self, request: Request) -> list[Message]:
        """All answers to a dump; begun again when the kernel says that things changed meanwhile."""
        for _ in range(_DUMP_ATTEMPTS):
            found, consistent = self._dump_once(request)
            if consistent:
                return found
        return found

    def _dump_once(self, request: Request) -> tuple[list[Message], bool]:
        self._sequence += 1
        self._socket.send(pack(request, self._sequence, NLM_F_REQUEST | NLM_F_DUMP))
        found: list[Message] = []
        consistent = True
        while True:
            for message in unpack(self._socket.recv(_RECEIVE)):
                if message.sequence != self._sequence:
                    continue
                consistent = consistent and not message.flags & NLM_F_DUMP_INTR
                if message.kind == NLMSG_DONE:
                    return found, consistent
                if message.kind == NLMSG_ERROR:
                    raise _refusal(message, request.what) or NetlinkError(errno.EPROTO, request.what, "")
                found.append(message)


def _refusal(message: Message, what: str) -> NetlinkError | None:
    """The error in an NLMSG_ERROR message, or None: error 0 is the acknowledgement."""
    (code,) = struct.unpack_from("=i", message.body)
    if code == 0:
        return None
    detail = ""
    if message.flags & NLM_F_ACK_TLVS:
        offset = 4 + HEADER.size
        if not message.flags & NLM_F_CAPPED:
            (length,) = struct.unpack_from("=I", message.body, 4)
            offset = 4 + ((length + 3) & ~3)
        detail = as_text(attributes(message.body, offset).get(_NLMSGERR_ATTR_MSG, b""))
    return NetlinkError(-code, what, detail)
