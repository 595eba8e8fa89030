"""Hearing about changes to the packet filter, without asking again and again.

The kernel tells subscribers of NFNLGRP_NFTABLES about every table, chain and rule that is added or removed. A
message's header says which family it is of, and its first attribute names the table in all of them.
Source: linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h.
"""

from __future__ import annotations

import errno
import os
import select
import socket

from hythe.kernel.netlink.channel import NETLINK_NETFILTER
from hythe.kernel.netlink.message import as_text, attributes, unpack

NFPROTO_IPV4, NFPROTO_IPV6 = 2, 10
_GROUP_NFTABLES = 7
_SUBSYSTEM_NFTABLES = 10
_TABLE_NAME = 1
_GENERIC_HEADER = 4
_RECEIVE = 1 << 18


class FilterEvents:
    """A subscription to packet filter changes of the creator's network namespace."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, NETLINK_NETFILTER
        )
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._socket.bind((0, 1 << (_GROUP_NFTABLES - 1)))

    def wait(self, timeout: float | None = None) -> set[tuple[int, str]] | None:
        """The (family, table) pairs that changed; empty after `timeout` seconds; None after `stop`.

        When messages were lost because there were too many, the pair (0, "") is among them.
        """
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(None if timeout is None else timeout * 1000)}
        if self._wake in ready:
            return None
        return self._drain() if ready else set()

    def _drain(self) -> set[tuple[int, str]]:
        changed: set[tuple[int, str]] = set()
        while True:
            try:
                data = self._socket.recv(_RECEIVE)
            except BlockingIOError:
                return changed
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                changed.add((0, ""))
                continue
            for message in unpack(data):
                if message.kind >> 8 == _SUBSYSTEM_NFTABLES and len(message.body) >= _GENERIC_HEADER:
                    name = attributes(message.body, _GENERIC_HEADER).get(_TABLE_NAME, b"")
                    changed.add((message.body[0], as_text(name)))

    def stop(self) -> None:
        """Make a `wait` in another thread return None, now or at its next call."""
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        self._socket.close()
        os.close(self._wake)
