"""`AsyncContainer`: a handle on one container; its life and what it uses. Its parents have the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.client.aio.ending import AsyncEnding
from hythe.client.aio.files import AsyncContainerFiles
from hythe.client.aio.programs import AsyncPrograms
from hythe.client.aio.readiness import AsyncReadiness
from hythe.client.aio.stream import AsyncStream, stream
from hythe.client.decoding import Lines
from hythe.client.drivers.aio import Driver
from hythe.client.failures import start_failure
from hythe.client.values.containers import ContainerInfo
from hythe.client.values.usage import Stats
from hythe.errors import HytheError, NotFound, NotModified


class AsyncContainer(AsyncPrograms, AsyncContainerFiles, AsyncReadiness):
    """`id` is its whole id. As a context manager it is removed in the end, running or not, and its own volumes too."""

    def __init__(self, driver: Driver, id: str) -> None:
        self._driver, self.id = driver, id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id[:12]!r})"

    async def __aenter__(self) -> AsyncContainer:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.remove(force=True, volumes=True)
        except NotFound:
            return  # it was made to remove itself

    async def info(self) -> ContainerInfo:
        """All about it, as it is now."""
        return ContainerInfo.read(await self._call("GET", "json"))

    # ---- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Nothing happens to one that runs. Raises CannotStart, with docker's exit code, where its program cannot."""
        await self._starting("POST", f"/containers/{self.id}/start")

    async def stop(self, *, timeout: int | None = None, signal: str | None = None) -> None:
        """Ask it to end, and kill it after `timeout` seconds (its own or 10; -1: never)."""
        await self._changed("stop", {"t": timeout, "signal": signal})

    async def restart(self, *, timeout: int | None = None) -> None:
        await self._changed("restart", {"t": timeout})

    async def kill(self, signal: str = "KILL") -> None:
        """Send a signal. Raises Conflict where it does not run."""
        await self._call("POST", "kill", {"signal": signal})

    async def pause(self) -> None:
        await self._call("POST", "pause")

    async def unpause(self) -> None:
        await self._call("POST", "unpause")

    async def rename(self, name: str) -> None:
        await self._call("POST", "rename", {"name": name})

    async def remove(self, *, force: bool = False, volumes: bool = False) -> None:
        """`force`: also while it runs. `volumes`: its anonymous ones too."""
        query = {"force": force or None, "v": volumes or None}
        await self._driver.call("DELETE", f"/containers/{self.id}", query)

    async def wait(self, condition: str = "not-running") -> int:
        """Its exit code, once "not-running", "next-exit" or "removed" holds."""
        return await (await self.ending(condition)).exit_code()

    async def ending(self, condition: str = "next-exit") -> AsyncEnding:
        """Begin to wait: what happens after this returns is not missed."""
        answer = await self._driver.stream("POST", f"/containers/{self.id}/wait", {"condition": condition})
        return AsyncEnding(self._driver, answer)

    # ---- what it uses -------------------------------------------------------------------------

    async def stats(self) -> Stats:
        """What it uses now; the share of the processors needs a second to be measured."""
        query = {"stream": False}
        return Stats.of(await self._call("GET", "stats", query))

    async def stats_stream(self) -> AsyncStream[Stats]:
        """The same, once a second."""
        answer = await self._driver.stream("GET", f"/containers/{self.id}/stats", {"stream": True})
        return stream(self._driver, answer, Lines(Stats.of))

    async def top(self) -> tuple[dict[str, str], ...]:
        """Its processes as `ps -ef` shows them: {"PID": "1234", "CMD": "sleep 1000", ...}, with the host's pids."""
        answer = await self._call("GET", "top")
        return tuple(dict(zip(answer["Titles"], row, strict=True)) for row in answer["Processes"])

    async def update(self, **resources: int | str) -> None:
        """New limits, by the API's names: Memory=2**28, NanoCPUs=10**9, PidsLimit=100."""
        await self._driver.call("POST", f"/containers/{self.id}/update", {}, dict(resources))

    async def commit(self, repository: str, tag: str = "latest", *, message: str = "") -> str:
        """Make an image of its files; gives the image's id."""
        query = {"container": self.id, "repo": repository, "tag": tag, "comment": message or None}
        answer = await self._driver.call("POST", "/commit", query, {})
        return str(answer["Id"])

    # ---- beneath ------------------------------------------------------------------------------

    async def _call(self, method: str, verb: str, query: Mapping[str, object] | None = None) -> Any:
        return await self._driver.call(method, f"/containers/{self.id}/{verb}", query)

    async def _changed(self, verb: str, query: Mapping[str, object]) -> None:
        try:
            await self._call("POST", verb, query)
        except NotModified:
            return

    async def _starting(self, method: str, path: str) -> None:
        try:
            await self._driver.call(method, path)
        except NotModified:
            return
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise
