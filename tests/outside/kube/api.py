"""The server's API as plain HTTP on its unix socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from tests.waiting import PATIENCE

Object = dict[str, Any]


class Answer(NamedTuple):
    """A status, the JSON in the body, and the head's fields by lower-case names."""

    code: int
    body: Any
    headers: dict[str, str]


class _OnSocket(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60 * PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Api:
    """Each request on a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **headers: str
    ) -> Answer:
        connection = _OnSocket(self.path)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, data, {"Content-Type": kind, **named})
            answer = connection.getresponse()
            text = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text, found)
        finally:
            connection.close()

    def ok(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> Any:
        """The body of an answer that must be a success."""
        answer = self(method, path, body, kind=kind)
        assert answer.code < 300, answer
        return answer.body

    @contextmanager
    def watching(self, path: str, **headers: str) -> Iterator[Iterator[Object]]:
        """The events of a watch, as they come."""
        connection = _OnSocket(self.path)
        try:
            connection.request(
                "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield (json.loads(line) for line in answer)
        finally:
            connection.close()


def config_map(name: str, **labels: str) -> Object:
    return {"metadata": {"name": name, "labels": labels}, "data": {"a": "b"}}


def pod(name: str, **spec: Any) -> Object:
    containers = [{"name": "a", "image": "nginx"}]
    return {"metadata": {"name": name}, "spec": {"containers": containers, **spec}}
