"""Noticing that another program has emptied or removed the proxy's table, such as by `nft flush ruleset`.

A thread hears of every change to the table, the proxy's own included, and looks whether the chain that all traffic
passes still has its rules and is still jumped to: one small question to the kernel for each burst of changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from hythe.kernel.netlink.channel import NETLINK_NETFILTER, Channel
from hythe.kernel.netlink.events import NFPROTO_IPV4, FilterEvents
from hythe.kernel.netlink.filters import chain_use

_SETTLE: Final = 0.05
_CHAIN: Final = "translate"
_USE: Final = 4
"""Its two rules, and the two that jump to it."""


class TableWatch:
    """Calls `lost`, from its thread, when the table is not what the proxy made."""

    def __init__(self, table: str, lost: Callable[[], None]) -> None:
        self._table, self._lost = table, lost
        self._events, self._channel = FilterEvents(), Channel(NETLINK_NETFILTER)
        self._thread = threading.Thread(target=self._watch, name="table-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._events.stop()
        if self._thread.ident is not None:
            self._thread.join()
        self._events.close()
        self._channel.close()

    def _watch(self) -> None:
        while (changed := self._events.wait()) is not None:
            if not changed & {(NFPROTO_IPV4, self._table), (0, "")}:
                continue
            while more := self._events.wait(_SETTLE):
                if (0, "") in more:
                    break
            if more is None:
                return
            if chain_use(self._channel, NFPROTO_IPV4, self._table, _CHAIN) != _USE:
                self._lost()
