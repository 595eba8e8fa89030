"""Cables of containers that have ended, cleared away behind everybody's back.

Deleting an interface waits for every CPU to have forgotten it, some 30 ms in which nobody else may plug in
anything. When a container's last process ends the kernel tears its namespace down, cables included, and does
so for many at a time. So a detach of a dead container only takes the names and ports away; a moment later
this thread sees which cables are still there (another container may share the namespace) and deletes those.
Until then the record stays, and the address is not given to anybody else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from hythe.kernel.netlink.channel import Channel
from hythe.network import bridge
from hythe.network.model import EndpointRecord

_log = logging.getLogger(__name__)
_GRACE = 0.5  # seconds for the kernel's own clearing


def namespace_is_gone(pid: int) -> bool:
    """Whether the process that held a namespace has ended (a zombie has no namespaces either).

    A zombie's may not be looked at outside of the host's first user namespace.
    """
    try:
        return not Path(f"/proc/{pid}/ns/net").exists()
    except PermissionError:
        return True


class Sweeper:
    """The thread, in the network namespace of its maker. `finish` is called with each record that is done."""

    def __init__(self, prefix: str, finish: Callable[[EndpointRecord], None]) -> None:
        self._prefix, self._finish = prefix, finish
        self._channel = Channel()
        self._changed = threading.Condition()
        self._waiting: list[EndpointRecord] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="cable-sweeper", daemon=True)
        self._thread.start()

    def add(self, endpoint: EndpointRecord) -> None:
        with self._changed:
            self._waiting.append(endpoint)
            self._changed.notify()

    def stop(self) -> None:
        """End the thread; what was still waiting is left to the caller or to the next `reconcile`."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()
        self._channel.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                self._changed.wait_for(lambda: self._stopping, timeout=_GRACE)
                if self._stopping:
                    return
                batch, self._waiting = self._waiting, []
            self._sweep(batch)

    def _sweep(self, batch: list[EndpointRecord]) -> None:
        try:
            present = bridge.present(self._channel, self._prefix)
            for endpoint in batch:
                if endpoint.host_interface in present:
                    bridge.remove_interface(self._channel, endpoint.host_interface)
        except OSError as error:
            _log.warning("cables of ended containers: %s", error)
            return  # the records stay, and with them the chance to do it at the next start
        for endpoint in batch:
            self._finish(endpoint)
