"""A thread that watches sockets, and takes orders from other threads: what both relays are.

An order is a function that runs on the thread, which alone touches the selector; an eventfd(2), registered without
data, wakes it for one. What to do with a socket that is ready is the relay's own (`relay`, `datagrams`).
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable


class RelayThread(ABC):
    """Started with the first order, in its starter's network namespace."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._selector = selectors.EpollSelector()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._orders: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def remove(self, held: socket.socket) -> None:
        """Close `held`, whether or not it is relayed; when this returns the port is free."""
        if self._thread is None:
            held.close()
            return
        done = threading.Event()

        def forget() -> None:
            self._forget(held)
            held.close()
            done.set()

        self._order(forget)
        done.wait()

    def close(self) -> None:
        """End the thread; what it relays is closed."""
        if self._thread is not None:
            self._order(lambda: setattr(self, "_stopping", True))
            self._thread.join()
            self._thread = None
        self._selector.close()
        os.close(self._wake)

    def _order(self, order: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        with self._lock:
            self._orders.append(order)
        os.eventfd_write(self._wake, 1)

    # ---- on the thread ----------------------------------------------------------------------------

    def _obey(self) -> None:
        """For the event that has no data."""
        os.eventfd_read(self._wake)
        with self._lock:
            orders, self._orders = self._orders, []
        for order in orders:
            order()

    @abstractmethod
    def _run(self) -> None:
        """Until `_stopping`; then close everything."""

    @abstractmethod
    def _forget(self, which: socket.socket) -> None:
        """Watch it no more."""
