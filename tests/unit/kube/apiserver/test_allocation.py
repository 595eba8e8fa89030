"""Values that no two objects may have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from hythe.kube.apiserver.allocation import Allocator, Full, OutOfRange, Taken, addresses, ports
from hythe.kube.store.contract import Store
from hythe.kube.store.datastore import open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(f"sqlite://{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


async def test_each_value_is_given_once(store: Store) -> None:
    allocator = Allocator(store, ports(30000, 30009))
    given = await asyncio.gather(*(allocator.take_any("a") for _ in range(10)))
    assert sorted(given) == list(range(30000, 30010))
    with pytest.raises(Full):
        await allocator.take_any("b")
    await allocator.give_back(30004)
    await allocator.give_back(30004)
    assert await allocator.take_any("b") == 30004


async def test_a_value_can_be_chosen(store: Store) -> None:
    allocator = Allocator(store, addresses(IPv4Network("10.0.0.0/24")))
    await allocator.take(int(IPv4Network("10.0.0.0/24")[7]), "a")
    with pytest.raises(Taken):
        await allocator.take(int(IPv4Network("10.0.0.0/24")[7]), "b")
    for outside in ("10.0.0.0", "10.0.0.255", "10.0.1.1"):
        with pytest.raises(OutOfRange):
            await allocator.take(int(IPv4Network(outside)[0]), "b")


async def test_what_is_chosen_is_left_to_those_who_choose(store: Store) -> None:
    values = addresses(IPv4Network("10.0.0.0/24"))
    allocator = Allocator(store, values)
    given = [await allocator.take_any("a") for _ in range(30)]
    assert min(given) >= values.dynamic > values.first


async def test_after_a_crash_the_objects_are_right(store: Store) -> None:
    allocator = Allocator(store, ports(30000, 30099))
    await allocator.take(30001, "gone")
    await allocator.take(30002, "there")
    await allocator.repair({30002: "there", 30003: "unrecorded"})
    assert await allocator.taken() == {30002, 30003}


async def test_addresses_of_version_6(store: Store) -> None:
    network = IPv6Network("fd00::/112")
    allocator = Allocator(store, addresses(network))
    value = await allocator.take_any("a")
    assert value in allocator.range
    assert await allocator.taken() == {value}
