"""Containers: their life, and what can be asked about them. Streams and files are in the two parents.

`ref` is an id, an unambiguous prefix of one, or a name. Bodies are the API's own objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hythe.client.container_files import ContainerFiles
from hythe.client.container_streams import ContainerStreams
from hythe.client.failures import start_failure
from hythe.client.transport import Json, Objects
from hythe.errors import HytheError, NotModified, SystemProblem, Unavailable

Filters = Mapping[str, Sequence[str]]


class Containers(ContainerStreams, ContainerFiles):
    """The /containers part of the API."""

    def create(self, name: str | None, config: Json, *, platform: str | None = None) -> str:
        """Create from a ContainerConfig with HostConfig and NetworkingConfig; gives the id."""
        return str(self.create_with_warnings(name, config, platform=platform)["Id"])

    def create_with_warnings(self, name: str | None, config: Json, *, platform: str | None = None) -> Json:
        """As `create`, but the whole answer: Id, Warnings."""
        answer: Json = self._transport.call(
            "POST", "/containers/create", {"name": name or None, "platform": platform}, config
        )
        return answer

    def list(
        self,
        all: bool = False,
        filters: Filters | None = None,
        *,
        limit: int | None = None,
        size: bool = False,
    ) -> Objects:
        """ContainerSummary objects, newest first; running ones only unless `all`."""
        query = {"all": all, "limit": limit, "size": size, "filters": dict(filters) if filters else None}
        answer: Objects = self._transport.call("GET", "/containers/json", query)
        return answer or []

    def inspect(self, ref: str, *, size: bool = False) -> Json:
        answer: Json = self._transport.call("GET", f"/containers/{ref}/json", {"size": size or None})
        return answer

    def start(self, ref: str, *, detach_keys: str | None = None) -> bool:
        """Start it; False if it was running. Raises CannotStart where its program cannot be run."""
        try:
            return self._post(ref, "start", {"detachKeys": detach_keys})
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise

    def stop(self, ref: str, *, timeout: int | None = None, signal: str | None = None) -> bool:
        """Stop it, killing after `timeout` seconds (-1: never); False if it was not running."""
        return self._post(ref, "stop", {"t": timeout, "signal": signal})

    def restart(self, ref: str, *, timeout: int | None = None, signal: str | None = None) -> None:
        self._post(ref, "restart", {"t": timeout, "signal": signal})

    def kill(self, ref: str, signal: str | None = None) -> None:
        self._post(ref, "kill", {"signal": signal})

    def pause(self, ref: str) -> None:
        self._post(ref, "pause", {})

    def unpause(self, ref: str) -> None:
        self._post(ref, "unpause", {})

    def rename(self, ref: str, name: str) -> None:
        self._post(ref, "rename", {"name": name})

    def resize(self, ref: str, height: int, width: int) -> None:
        """Tell the terminal of a container its size in characters."""
        self._post(ref, "resize", {"h": height, "w": width})

    def update(self, ref: str, changes: Json) -> Json:
        """Change resources or RestartPolicy of a container; gives {"Warnings": ...}."""
        answer: Json = self._transport.call("POST", f"/containers/{ref}/update", {}, changes)
        return answer

    def remove(self, ref: str, *, force: bool = False, volumes: bool = False, link: bool = False) -> None:
        query = {"force": force or None, "v": volumes or None, "link": link or None}
        self._transport.call("DELETE", f"/containers/{ref}", query)

    def wait(self, ref: str, condition: str = "not-running") -> int:
        """Its exit code, when "not-running", "next-exit" or "removed" holds."""
        return self.waiter(ref, condition).result()

    def waiter(self, ref: str, condition: str = "not-running") -> Waiter:
        """Begin to wait. The daemon has registered it when this returns, so a start may follow safely."""
        _, pieces = self._transport.stream("POST", f"/containers/{ref}/wait", {"condition": condition})
        return Waiter(pieces)

    def top(self, ref: str, ps_args: str | None = None) -> Json:
        """Titles and Processes."""
        answer: Json = self._transport.call("GET", f"/containers/{ref}/top", {"ps_args": ps_args})
        return answer

    def explain(self, ref: str, sections: Sequence[str] = ()) -> Json:
        """What it is made of in the kernel, by section (hythe's own; no other engine has it)."""
        query = {"section": ",".join(sections) or None}
        answer: Json = self._transport.call("GET", f"/containers/{ref}/explain", query)
        return answer

    def stats(self, ref: str, *, stream: bool = True, one_shot: bool = False) -> Iterator[Json]:
        """ContainerStats, one a second while `stream`, else one."""
        query = {"stream": stream, "one-shot": one_shot or None}
        return self._transport.json_lines("GET", f"/containers/{ref}/stats", query)

    def changes(self, ref: str) -> Objects:
        """FilesystemChange objects: Path, Kind (0 modified, 1 added, 2 deleted)."""
        answer: Objects = self._transport.call("GET", f"/containers/{ref}/changes")
        return answer or []

    def commit(self, ref: str, query: Mapping[str, object], config: Json | None = None) -> str:
        """Make an image of it: repo, tag, comment, author, pause, changes; gives the image's id."""
        answer: Json = self._transport.call("POST", "/commit", {"container": ref, **query}, config or {})
        return str(answer["Id"])

    def prune(self, filters: Filters | None = None) -> Json:
        """Remove the stopped ones: ContainersDeleted, SpaceReclaimed."""
        query = {"filters": dict(filters) if filters else None}
        answer: Json = self._transport.call("POST", "/containers/prune", query)
        return answer

    def _post(self, ref: str, verb: str, query: Mapping[str, object]) -> bool:
        try:
            self._transport.call("POST", f"/containers/{ref}/{verb}", query)
        except NotModified:
            return False
        return True


class Waiter:
    """A wait under way."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def result(self) -> int:
        """Block until it is over; the exit code. Raises SystemProblem if the daemon could not tell."""
        return exit_code(b"".join(self._pieces))


def exit_code(answer: bytes) -> int:
    """The StatusCode of a ContainerWaitResponse."""
    if not answer.strip():
        raise Unavailable("the daemon went away while it was waited for")
    value: Any = json.loads(answer)
    problem = (value.get("Error") or {}).get("Message")
    if problem:
        raise SystemProblem(str(problem))
    return int(value["StatusCode"])
