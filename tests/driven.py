"""The asynchronous client under the synchronous one's names, so that each test runs on both.

`Driven` stands for an object of the asynchronous half: what its methods give is awaited on a loop, and wrapped again
where it is another such object; asynchronous iterators and context managers become ordinary ones.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any


class Driven:
    def __init__(self, loop: asyncio.AbstractEventLoop, target: Any) -> None:
        self._loop, self._target = loop, target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        return self._method(value) if inspect.ismethod(value) else self._wrapped(value)

    def close(self) -> None:
        self._run(self._target.aclose())

    def __enter__(self) -> Any:
        return self._wrapped(self._run(self._target.__aenter__()))

    def __exit__(self, *problem: Any) -> None:
        self._run(self._target.__aexit__(*problem))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self._wrapped(self._run(self._target.__anext__()))
        except StopAsyncIteration:
            raise StopIteration from None

    def _method(self, method: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            return self._wrapped(self._run(method(*arguments, **named)))

        return call

    def _run(self, result: Any) -> Any:
        async def awaited() -> Any:
            return await result

        return self._loop.run_until_complete(awaited()) if inspect.isawaitable(result) else result

    def _wrapped(self, value: Any) -> Any:
        if isinstance(value, tuple) and type(value) is tuple:
            return tuple(map(self._wrapped, value))
        own = type(value).__module__.startswith("hythe.client.aio")
        return Driven(self._loop, value) if own else value
