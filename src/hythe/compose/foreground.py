"""`up` in the foreground: the output of all services on ours, until they end or the user stops them.

A thread a container does one thing after the other: on a start it reads the log to its end, on a death it says
so. The first Ctrl-C stops all containers, who depends on others first; the second one kills them.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from hythe.client import Client
from hythe.compose.loglines import Follower, Printer, short_name
from hythe.compose.model import Project
from hythe.compose.progress import Progress
from hythe.compose.state import Container
from hythe.compose.stopping import in_reverse
from hythe.compose.watch import BROKEN
from hythe.errors import Conflict, HytheError, NotFound

Json = dict[str, Any]


class Foreground:
    """The containers that are attached to. `listen` is to be told all events before any is started."""

    def __init__(
        self, client: Client, project: Project, printer: Printer, containers: Iterable[Container]
    ) -> None:
        self._client, self._project, self._printer = client, project, printer
        self._containers = {one.id: one for one in containers}
        self._queues: dict[str, SimpleQueue[Json]] = {}
        self._changed = threading.Condition()
        self._ended: dict[str, int] = {}
        self._broken = False
        self._begin = f"{time.time():.9f}"
        self.first: tuple[Container, int] | None = None
        for one in self._containers.values():
            self._queues[one.id] = SimpleQueue()
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()
            if one.state == "running":
                self._queues[one.id].put({"Action": "start"})

    def listen(self, event: Json) -> None:
        """An event of the project."""
        action = event.get("Action") or event.get("status") or ""
        if action == BROKEN:
            with self._changed:
                self._broken = True
                self._changed.notify_all()
            return
        identity = (event.get("Actor") or {}).get("ID") or event.get("id", "")
        if identity in self._queues and action in ("start", "die", "destroy"):
            self._queues[identity].put(event)

    def wait(self, *, until_first: bool = False, failures_only: bool = False) -> None:
        """Until all have ended, or with `until_first` one has (with `failures_only`, with an error)."""

        def over() -> bool:
            if self._broken or len(self._ended) == len(self._containers):
                return True
            if self.first is None or not until_first:
                return False
            return not failures_only or any(self._ended.values())

        with self._changed:
            while not over():
                self._changed.wait()

    def exit_code(self, service: str) -> int:
        """That of a service's container."""
        codes = [
            code for identity, code in self._ended.items() if self._containers[identity].service == service
        ]
        return next((code for code in codes if code), 0)

    def drain(self) -> None:
        """Let the rest of the output of what has ended be printed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._broken or len(self._ended) == len(self._containers), timeout=10
            )

    def _serve(self, container: Container) -> None:
        name = short_name(container, self._project.name)
        follower = Follower(self._client, container, name, self._printer)
        queue = self._queues[container.id]
        while True:
            event = queue.get()
            action = event.get("Action") or event.get("status")
            if action == "start":
                follower.read(follow=True, since=self._begin)
                continue
            attributes = (event.get("Actor") or {}).get("Attributes") or {}
            code = int(attributes.get("exitCode", 0))
            if action == "destroy" or self._is_over(container):
                if container.id not in self._ended:
                    self._printer.line(name, "", f"exited with code {code}".encode())
                self._end(container, code)

    def _is_over(self, container: Container) -> bool:
        """Has it ended for good, or will it be restarted?"""
        try:
            state = self._client.containers.inspect(container.id)["State"]
        except HytheError:
            return True
        return not state.get("Restarting") and not state.get("Running")

    def _end(self, container: Container, code: int) -> None:
        with self._changed:
            self._ended.setdefault(container.id, code)
            self.first = self.first or (container, code)
            self._changed.notify_all()


def stop_all(
    client: Client, project: Project, containers: list[Container], progress: Progress, timeout: int | None
) -> None:
    """Stop, in this thread; interrupted by Ctrl-C, kill."""

    def stop(one: Container) -> None:
        progress.show(f"Container {one.name}", "Stopping")
        try:
            client.containers.stop(one.id, timeout=timeout)
        except NotFound:
            pass
        progress.show(f"Container {one.name}", "Stopped")

    finished = threading.Event()
    problems: list[HytheError] = []

    def work() -> None:
        try:
            in_reverse(project, containers, stop)
        except HytheError as error:
            problems.append(error)
        finally:
            finished.set()

    threading.Thread(target=work, daemon=True).start()
    try:
        finished.wait()
    except KeyboardInterrupt:
        kill_all(client, containers, progress)
        finished.wait()
    if problems:
        raise problems[0]


def kill_all(client: Client, containers: list[Container], progress: Progress) -> None:
    for one in containers:
        try:
            client.containers.kill(one.id)
        except (Conflict, NotFound):
            continue  # it has ended already
        progress.show(f"Container {one.name}", "Killed")


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP act like Ctrl-C."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
