"""Port-forward: connections to ports of a pod, made from inside of its network namespace.

A socket belongs to the namespace in which it was made, for ever, so a thread goes there for as long as it takes to make
one; it is connected from outside, and nothing of the pod's is run. The pod's own loopback is where `localhost` leads,
IPv4 first.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from hythe.api.cri.streaming.client import PIECE, Left, Pair
from hythe.kernel.netlink.namespace import inside, open_namespace

_ADDRESSES: Final = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


async def forward(pid: int, pairs: AsyncIterator[Pair]) -> None:
    """Connect each of `pairs` to its port in the network namespace of `pid`, until there are no more."""
    tasks: set[asyncio.Task[None]] = set()
    try:
        async for pair in pairs:
            task = asyncio.ensure_future(_one(pid, pair))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one(pid: int, pair: Pair) -> None:
    with suppress(Left):
        try:
            connection = await _connected(pid, pair.port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            await pair.fail(f"failed to connect to localhost:{pair.port} inside the pod: {why}")
            return
        with connection:
            await _exchange(pair, connection)


async def _connected(pid: int, port: int) -> socket.socket:
    """Raises OSError, of the first address."""
    loop = asyncio.get_running_loop()
    problem: OSError | None = None
    for family, address in _ADDRESSES:
        try:
            made = await asyncio.to_thread(_made_inside, pid, family)
        except OSError as error:
            problem = problem or error
            continue
        try:
            await loop.sock_connect(made, (address, port))
            return made
        except OSError as error:
            made.close()
            problem = problem or error
    assert problem is not None
    raise problem


def _made_inside(pid: int, family: int) -> socket.socket:
    namespace = open_namespace(pid)
    try:
        with inside(namespace):
            made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    finally:
        os.close(namespace)
    made.setblocking(False)
    return made


async def _exchange(pair: Pair, connection: socket.socket) -> None:
    """Both ways, until the pod has said all: the client's end is passed on, and the answer still awaited."""
    inward = asyncio.ensure_future(_inward(pair, connection))
    try:
        await _outward(pair, connection)
    finally:
        inward.cancel()
        await asyncio.gather(inward, return_exceptions=True)
    await pair.end()


async def _inward(pair: Pair, connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while data := await pair.receive():
            await loop.sock_sendall(connection, data)
        connection.shutdown(socket.SHUT_WR)


async def _outward(pair: Pair, connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while data := await loop.sock_recv(connection, PIECE):
            await pair.send(data)
