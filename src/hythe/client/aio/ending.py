"""The wait for a container's end."""

from __future__ import annotations

from hythe.client.aio.stream import stream
from hythe.client.containers import exit_code
from hythe.client.decoding import Pieces
from hythe.client.drivers.aio import Answer, Driver


class AsyncEnding:
    """A wait that the engine has begun."""

    def __init__(self, driver: Driver, answer: Answer) -> None:
        self._pieces = stream(driver, answer, Pieces())

    async def exit_code(self) -> int:
        """When it is over. Raises SystemProblem where the engine cannot tell."""
        return exit_code(b"".join([piece async for piece in self._pieces]))

    async def aclose(self) -> None:
        """Wait no more."""
        await self._pieces.aclose()
