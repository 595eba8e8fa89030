"""Living beside a program that sets the host's FORWARD policy to drop, as dockerd and ufw do.

The kernel asks every chain on the forward hook, and one drop is final: our own accept does not help where
iptables' `filter` table has `policy DROP`. What helps is an accept in that chain itself, so two rules go to
its head, by the prefix of our bridges' names, which iptables can also show and print:

    table ip filter { chain FORWARD { policy drop; oifname "hyAAAA*" accept    <- ours, told by their comment
                                                   iifname "hyAAAA*" accept
                                                   jump DOCKER-USER ... } }

and the same in `ip6 filter`. They open nothing: our own table has judged, or will judge, the same packet. The other
program may start after us, or flush its rules; a thread hears of every change to the packet filter and looks again. A
chain in the older xtables backend cannot be reached through nftables; if there is one, a warning says what to type.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from hythe.errors import HytheError
from hythe.kernel.netlink.events import NFPROTO_IPV4, NFPROTO_IPV6, FilterEvents
from hythe.kernel.nftables import Nftables, NftablesError

_log = logging.getLogger(__name__)
_CHAINS = {NFPROTO_IPV4: "ip filter FORWARD", NFPROTO_IPV6: "ip6 filter FORWARD"}
_SETTLE = 0.05  # seconds to let a burst of changes pass: dockerd makes dozens at its start


class Coexistence:
    """Keeps our rules in another program's FORWARD chain while it drops by default."""

    def __init__(self, bridge_prefix: str, instance: str) -> None:
        self._prefix = bridge_prefix
        self._comment = f"hythe {instance}"
        self._nftables = Nftables()
        self._events = FilterEvents()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="filter-watch", daemon=True)

    def start(self) -> None:
        """Look now, and after every change from here on."""
        self.ensure()
        if legacy_in_use():
            _log.warning(
                "iptables-legacy has rules on this host; if containers cannot be reached: "
                "iptables-legacy -I FORWARD -i %s+ -j ACCEPT; iptables-legacy -I FORWARD -o %s+ -j ACCEPT",
                self._prefix,
                self._prefix,
            )
        self._thread.start()

    def stop(self, *, remove: bool) -> None:
        """End the watching; with `remove` the rules go too."""
        if self._thread.ident is not None:
            self._events.stop()
            self._thread.join()
        self._events.close()
        if remove:
            with self._lock:
                for chain in _CHAINS.values():
                    self._remove(chain, self._look(chain)[1])
        self._nftables.close()

    def ensure(self) -> None:
        """Have the rules in each chain if it drops by default, and out of it if it does not."""
        with self._lock:
            for chain in _CHAINS.values():
                policy, handles = self._look(chain)
                if policy != "drop":
                    self._remove(chain, handles)
                elif len(handles) != 2:
                    self._remove(chain, handles)
                    self._insert(chain)

    def _insert(self, chain: str) -> None:
        commands = [
            f'insert rule {chain} {side} "{self._prefix}*" counter accept comment "{self._comment}"'
            for side in ("iifname", "oifname")
        ]
        self._nftables.run("\n".join(commands))

    def _look(self, chain: str) -> tuple[str, list[int]]:
        """The chain's policy ("" where there is no chain) and the handles of our rules in it."""
        try:
            entries: list[dict[str, Any]] = self._nftables.listing(f"list chain {chain}")
        except NftablesError:
            return "", []  # no such chain; reading has no other way to fail for root
        policy = next((e["chain"].get("policy", "") for e in entries if "chain" in e), "")
        ours = [e["rule"] for e in entries if e.get("rule", {}).get("comment") == self._comment]
        return policy, [rule["handle"] for rule in ours]

    def _remove(self, chain: str, handles: list[int]) -> None:
        if handles:
            self._nftables.run("\n".join(f"delete rule {chain} handle {handle}" for handle in handles))

    def _watch(self) -> None:
        while True:
            changed = self._events.wait()
            if changed is None:
                return
            if not changed & {*((family, "filter") for family in _CHAINS), (0, "")}:
                continue
            if self._settle():
                return
            try:
                self.ensure()
            except HytheError as error:
                # The chain went or changed under us: its change is the next event.
                _log.info("looking at FORWARD again: %s", error)

    def _settle(self) -> bool:
        """Wait until nothing has changed for a moment; True when told to stop."""
        while changed := self._events.wait(_SETTLE):
            if (0, "") in changed:
                break
        return changed is None


def legacy_in_use() -> bool:
    """Whether the xtables backend of old has a filter table in this namespace."""
    try:
        return "filter" in Path("/proc/thread-self/net/ip_tables_names").read_text().split()
    except OSError:
        return False
