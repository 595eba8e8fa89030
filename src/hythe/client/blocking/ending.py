# Made by scripts/blocking-client from ../aio/ending.py: change that, and run the script.
"""The wait for a container's end."""

from __future__ import annotations

from hythe.client.blocking.stream import stream
from hythe.client.containers import exit_code
from hythe.client.decoding import Pieces
from hythe.client.drivers.blocking import Answer, Driver


class Ending:
    """A wait that the engine has begun."""

    def __init__(self, driver: Driver, answer: Answer) -> None:
        self._pieces = stream(driver, answer, Pieces())

    def exit_code(self) -> int:
        """When it is over. Raises SystemProblem where the engine cannot tell."""
        return exit_code(b"".join([piece for piece in self._pieces]))

    def close(self) -> None:
        """Wait no more."""
        self._pieces.close()
