"""Until a container can be used: it says so in its log, is found healthy, or answers at a port.

The log and the health are followed: the engine tells of each line, each change and the end, and nothing is asked twice.
A port has no such event, the kernel tells nobody when a program listens; it is tried, at first every few milliseconds.
A container that ends instead ends the wait at once, with its last words.
"""

from __future__ import annotations

import re
import time
from typing import Final

from hythe.client.aio.stream import AsyncStream, stream
from hythe.client.decoding import Chunks, Lines
from hythe.client.drivers.aio import Driver
from hythe.client.problems import NotReady
from hythe.client.values.containers import ContainerInfo, LogChunk, PublishedPort
from hythe.client.values.host import Event
from hythe.errors import NotFound

_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.25
_LAST_WORDS: Final = 15


class AsyncReadiness:
    """The part of a container that waits."""

    id: str
    _driver: Driver

    async def wait_for_log(self, pattern: str, *, timeout: float = 60) -> str:
        """The first line, printed already or to come, in which a regular expression is found. Raises NotReady."""
        expression, deadline = re.compile(pattern), time.monotonic() + timeout
        rest = b""
        try:
            async with await self._log(timeout) as chunks:
                async for chunk in chunks:
                    *lines, rest = (rest + chunk.data).split(b"\n")
                    for line in lines:
                        text = line.decode(errors="replace").rstrip("\r")
                        if expression.search(text):
                            return text
                    if expression.search(rest.decode(errors="replace")):
                        return rest.decode(errors="replace")
                    if time.monotonic() > deadline:
                        break
        except TimeoutError:
            pass
        raise await self._not_ready(f"its log had no line like {pattern!r}", timeout)

    async def wait_healthy(self, *, timeout: float = 60) -> None:
        """Until its health check succeeds. Raises NotReady; NotFound where it has no health check."""
        deadline = time.monotonic() + timeout
        query = {"filters": {"container": [self.id], "event": ["health_status", "die"]}}
        answer = await self._driver.stream("GET", "/events", query, timeout=timeout)
        async with stream(self._driver, answer, Lines(Event.read)) as events:
            state = (await self._info()).state
            if state.health == "none":
                raise NotFound(
                    f"the container {self.id[:12]} has no health check", hint="give it healthcheck={...}"
                )
            if state.health == "healthy":
                return
            try:
                async for event in events:
                    if event.action.startswith("health_status") and event.action.endswith(" healthy"):
                        return
                    if event.action == "die" or time.monotonic() > deadline:
                        break
            except TimeoutError:
                pass
        raise await self._not_ready("it was not found healthy", timeout)

    async def wait_for_port(self, port: int | str, *, timeout: float = 60) -> PublishedPort:
        """Until somebody accepts connections at a published port (80, "53/tcp"); where that is. Raises NotReady."""
        deadline, pause = time.monotonic() + timeout, _FIRST_PAUSE
        where = await self.published(port)
        while (left := deadline - time.monotonic()) > 0:
            if await self._driver.reachable(where.host, where.port, left):
                return where
            if pause == _LONGEST_PAUSE and not (await self._info()).state.running:
                break
            await self._driver.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise await self._not_ready(f"nobody answered at {where.host}:{where.port}, its port {port}", timeout)

    async def published(self, port: int | str) -> PublishedPort:
        """Where on the engine's machine a port of its is published. Raises NotFound."""
        key = f"{port}/tcp" if isinstance(port, int) or "/" not in port else port
        found = (await self._info()).ports.get(key)
        if not found:
            raise NotFound(
                f"the port {key} of the container {self.id[:12]} is not published",
                hint=f"run it with ports={{{key.partition('/')[0]}: None}}",
            )
        anywhere = found[0].host in ("", "0.0.0.0", "::")
        return (
            PublishedPort(self._driver.address.host or "127.0.0.1", found[0].port) if anywhere else found[0]
        )

    async def _not_ready(self, what: str, timeout: float) -> NotReady:
        """The error, with what is known of the container."""
        info = await self._info()
        rest = b""
        async for chunk in await self._log(None, follow=False, tail=_LAST_WORDS):
            rest += chunk.data
        ended = not info.state.running
        why = f"it ended with {info.state.exit_code}" if ended else f"after {timeout:g} s"
        return NotReady(
            f"the container {info.name} is not ready: {what}; {why}", rest.decode(errors="replace")
        )

    async def _log(
        self, timeout: float | None, *, follow: bool = True, tail: int | None = None
    ) -> AsyncStream[LogChunk]:
        tty = bool((await self._info()).raw["Config"].get("Tty"))
        query = {"follow": follow, "stdout": True, "stderr": True, "tail": tail}
        answer = await self._driver.stream("GET", f"/containers/{self.id}/logs", query, timeout=timeout)
        return stream(self._driver, answer, Chunks(tty=tty))

    async def _info(self) -> ContainerInfo:
        return ContainerInfo.read(await self._driver.call("GET", f"/containers/{self.id}/json"))
