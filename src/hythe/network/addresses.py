"""The addresses that the containers of one network get: one of IPv4, and one of IPv6 where the network has that."""

from __future__ import annotations

from hythe.errors import HytheError, InvalidArgument
from hythe.network.model import NetworkRecord
from hythe.network.pool import AddressPool


class Addresses:
    """Both pools of a network."""

    def __init__(self, network: NetworkRecord) -> None:
        self._four = AddressPool(network.subnet, network.gateway, network.ip_range)
        self._six = None
        if network.subnet6:
            self._six = AddressPool(network.subnet6, network.gateway6, network.ip_range6)
        for address in network.auxiliary.values():
            pool = self._six if ":" in address else self._four
            if pool is not None:
                pool.reserve(address)

    def take(self, ipv4: str | None, ipv6: str | None) -> tuple[str, str]:
        """One of each, those that are wanted or free ones; "" for IPv6 where there is none. All or nothing."""
        if ipv6 and self._six is None:
            raise InvalidArgument(
                f"address {ipv6}: the network has no IPv6", hint="hythe network create --ipv6 NAME"
            )
        four = self._four.take(ipv4)
        try:
            return four, self._six.take(ipv6) if self._six else ""
        except HytheError:
            self._four.give_back(four)
            raise

    def hold(self, ipv4: str, ipv6: str) -> None:
        """Addresses of an earlier run."""
        self._four.hold(ipv4)
        if self._six and ipv6:
            self._six.hold(ipv6)

    def give_back(self, ipv4: str, ipv6: str) -> None:
        self._four.give_back(ipv4)
        if self._six and ipv6:
            self._six.give_back(ipv6)
