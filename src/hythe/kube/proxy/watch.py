"""Noticing that another program has emptied or removed the proxy's table, such as by `nft flush ruleset`.

A thread hears of every change to the table, the proxy's own included, and looks whether the chain that all traffic
passes is still as it should be: one small question to the kernel for each change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from hythe.kernel.netlink.events import NFPROTO_IPV4, FilterEvents
from hythe.kernel.nftables import Nftables, NftablesError

_SETTLE: Final = 0.05
_CHAIN: Final = "translate"
_RULES: Final = 2


class TableWatch:
    """Calls `lost`, from its thread, when the table is not what the proxy made."""

    def __init__(self, table: str, lost: Callable[[], None]) -> None:
        self._table, self._lost = table, lost
        self._events = FilterEvents()
        self._thread = threading.Thread(target=self._watch, name="table-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._events.stop()
        if self._thread.ident is not None:
            self._thread.join()
        self._events.close()

    def _watch(self) -> None:
        filter_ = Nftables()
        try:
            while (changed := self._events.wait()) is not None:
                if not changed & {(NFPROTO_IPV4, self._table), (0, "")}:
                    continue
                if self._events.wait(_SETTLE) is None:
                    return
                if not self._whole(filter_):
                    self._lost()
        finally:
            filter_.close()

    def _whole(self, filter_: Nftables) -> bool:
        try:
            found = filter_.listing(f"list chain ip {self._table} {_CHAIN}")
        except NftablesError:
            return False
        return sum("rule" in each for each in found) == _RULES
