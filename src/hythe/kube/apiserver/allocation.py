"""Numbers and addresses that no two objects may have: cluster addresses and node ports of services.

Each taken value is a key of the store, which says whose it is:

    /registry/hythe/taken/serviceips/10.96.0.7       {"owner":"default/web"}

Making a key that is there fails, so two services never get the same one, whoever asks and however many servers there
are. What a crash leaves between a value and its service is found at the start (`repair`). As in Kubernetes, the lower
part of a range is left to those who choose for themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from itertools import chain
from typing import Final

import msgspec

from hythe.errors import HytheError
from hythe.kube.store.contract import KeyExists, RevisionMismatch, Store

_ROOT: Final = "/registry/hythe/taken/"
_RANDOM_TRIES: Final = 32


class Taken(HytheError):
    """Somebody else has it."""


class OutOfRange(HytheError):
    """It is none of the values of the range."""


class Full(HytheError):
    """There is none left."""


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from `first` to `last`; those below `dynamic` are only given to who asks for them."""

    kind: str
    first: int
    last: int
    dynamic: int

    def __contains__(self, value: int) -> bool:
        return self.first <= value <= self.last


def ports(first: int, last: int) -> Range:
    """Node ports."""
    size = last - first + 1
    return Range("nodeports", first, last, first + (min(max(16, size // 32), 128) if size > 32 else 0))


def addresses(cidr: IPv4Network | IPv6Network) -> Range:
    """Cluster addresses: all but the network's own and, of IPv4, the broadcast address."""
    first = int(cidr.network_address) + 1
    last = int(cidr.broadcast_address) - (1 if isinstance(cidr, IPv4Network) else 0)
    size = last - first + 1
    return Range("serviceips", first, last, first + (min(max(16, size // 16), 256) if size > 32 else 0))


class Allocator:
    """Gives the values of one range away."""

    def __init__(self, store: Store, values: Range) -> None:
        self._store, self.range = store, values
        self._prefix = f"{_ROOT}{values.kind}/"

    async def take(self, value: int, owner: str) -> None:
        """Raises Taken, OutOfRange."""
        if value not in self.range:
            raise OutOfRange(f"{value} is not in the range")
        try:
            await self._store.create(self._key(value), msgspec.json.encode({"owner": owner}))
        except KeyExists as error:
            raise Taken(f"{value} is taken") from error

    async def take_any(self, owner: str) -> int:
        """A free value. Raises Full."""
        values = self.range
        for _ in range(_RANDOM_TRIES):
            value = int(values.dynamic + secrets.randbelow(values.last - values.dynamic + 1))
            try:
                await self.take(value, owner)
            except Taken:
                continue
            return value
        return await self._search(owner)

    async def _search(self, owner: str) -> int:
        taken = await self.taken()
        upper, lower = (
            range(self.range.dynamic, self.range.last + 1),
            range(self.range.first, self.range.dynamic),
        )
        for value in chain(upper, lower):
            if value in taken:
                continue
            try:
                await self.take(value, owner)
            except Taken:
                continue
            return value
        raise Full("range is full")

    async def give_back(self, value: int) -> None:
        """Once more is no error."""
        record = await self._store.get(self._key(value))
        if record is None:
            return
        try:
            await self._store.delete(record.key, record.revision)
        except RevisionMismatch:
            return

    async def taken(self) -> set[int]:
        """The values that are not free."""
        page = await self._store.list(self._prefix)
        return {self._value(record.key.removeprefix(self._prefix)) for record in page.records}

    async def repair(self, owners: Mapping[int, str]) -> None:
        """Make the keys what the objects say: `owners` are the values that are in use, and by whom."""
        taken = await self.taken()
        for value in taken - owners.keys():
            await self.give_back(value)
        await self._take_all((value, owners[value]) for value in owners.keys() - taken if value in self.range)

    async def _take_all(self, values: Iterable[tuple[int, str]]) -> None:
        for value, owner in values:
            try:
                await self.take(value, owner)
            except Taken:
                continue

    def _key(self, value: int) -> str:
        return self._prefix + (
            str(value) if self.range.kind == "nodeports" else str(_address(value, self.range))
        )

    def _value(self, text: str) -> int:
        return int(text) if self.range.kind == "nodeports" else int(ip_address(text))


def _address(value: int, values: Range) -> object:
    return IPv4Address(value) if values.last < 2**32 else ip_address(value)
