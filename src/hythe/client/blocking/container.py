# Made by scripts/blocking-client from ../aio/container.py: change that, and run the script.
"""`Container`: a handle on one container; its life and what it uses. Its parents have the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.client.blocking.ending import Ending
from hythe.client.blocking.files import ContainerFiles
from hythe.client.blocking.programs import Programs
from hythe.client.blocking.readiness import Readiness
from hythe.client.blocking.stream import Stream, stream
from hythe.client.decoding import Lines
from hythe.client.drivers.blocking import Driver
from hythe.client.failures import start_failure
from hythe.client.values.containers import ContainerInfo
from hythe.client.values.usage import Stats
from hythe.errors import HytheError, NotFound, NotModified


class Container(Programs, ContainerFiles, Readiness):
    """`id` is its whole id. As a context manager it is removed in the end, running or not, and its own volumes too."""

    def __init__(self, driver: Driver, id: str) -> None:
        self._driver, self.id = driver, id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id[:12]!r})"

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.remove(force=True, volumes=True)
        except NotFound:
            return  # it was made to remove itself

    def info(self) -> ContainerInfo:
        """All about it, as it is now."""
        return ContainerInfo.read(self._call("GET", "json"))

    # ---- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Nothing happens to one that runs. Raises CannotStart, with docker's exit code, where its program cannot."""
        self._starting("POST", f"/containers/{self.id}/start")

    def stop(self, *, timeout: int | None = None, signal: str | None = None) -> None:
        """Ask it to end, and kill it after `timeout` seconds (its own or 10; -1: never)."""
        self._changed("stop", {"t": timeout, "signal": signal})

    def restart(self, *, timeout: int | None = None) -> None:
        self._changed("restart", {"t": timeout})

    def kill(self, signal: str = "KILL") -> None:
        """Send a signal. Raises Conflict where it does not run."""
        self._call("POST", "kill", {"signal": signal})

    def pause(self) -> None:
        self._call("POST", "pause")

    def unpause(self) -> None:
        self._call("POST", "unpause")

    def rename(self, name: str) -> None:
        self._call("POST", "rename", {"name": name})

    def remove(self, *, force: bool = False, volumes: bool = False) -> None:
        """`force`: also while it runs. `volumes`: its anonymous ones too."""
        query = {"force": force or None, "v": volumes or None}
        self._driver.call("DELETE", f"/containers/{self.id}", query)

    def wait(self, condition: str = "not-running") -> int:
        """Its exit code, once "not-running", "next-exit" or "removed" holds."""
        return (self.ending(condition)).exit_code()

    def ending(self, condition: str = "next-exit") -> Ending:
        """Begin to wait: what happens after this returns is not missed."""
        answer = self._driver.stream("POST", f"/containers/{self.id}/wait", {"condition": condition})
        return Ending(self._driver, answer)

    # ---- what it uses -------------------------------------------------------------------------

    def stats(self) -> Stats:
        """What it uses now; the share of the processors needs a second to be measured."""
        query = {"stream": False}
        return Stats.of(self._call("GET", "stats", query))

    def stats_stream(self) -> Stream[Stats]:
        """The same, once a second."""
        answer = self._driver.stream("GET", f"/containers/{self.id}/stats", {"stream": True})
        return stream(self._driver, answer, Lines(Stats.of))

    def top(self) -> tuple[dict[str, str], ...]:
        """Its processes as `ps -ef` shows them: {"PID": "1234", "CMD": "sleep 1000", ...}, with the host's pids."""
        answer = self._call("GET", "top")
        return tuple(dict(zip(answer["Titles"], row, strict=True)) for row in answer["Processes"])

    def update(self, **resources: int | str) -> None:
        """New limits, by the API's names: Memory=2**28, NanoCPUs=10**9, PidsLimit=100."""
        self._driver.call("POST", f"/containers/{self.id}/update", {}, dict(resources))

    def commit(self, repository: str, tag: str = "latest", *, message: str = "") -> str:
        """Make an image of its files; gives the image's id."""
        query = {"container": self.id, "repo": repository, "tag": tag, "comment": message or None}
        answer = self._driver.call("POST", "/commit", query, {})
        return str(answer["Id"])

    # ---- beneath ------------------------------------------------------------------------------

    def _call(self, method: str, verb: str, query: Mapping[str, object] | None = None) -> Any:
        return self._driver.call(method, f"/containers/{self.id}/{verb}", query)

    def _changed(self, verb: str, query: Mapping[str, object]) -> None:
        try:
            self._call("POST", verb, query)
        except NotModified:
            return

    def _starting(self, method: str, path: str) -> None:
        try:
            self._driver.call(method, path)
        except NotModified:
            return
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise
