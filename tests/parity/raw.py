"""Requests to an engine's socket as they stand, also those that no client library would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from tests.targets import ANSWER_SECONDS, Target


def connect(target: Target) -> socket.socket:
    """A connection to the engine; the caller closes it."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    connection.connect(target.host.removeprefix("unix://"))
    return connection


class _Unix(HTTPConnection):
    def __init__(self, target: Target) -> None:
        super().__init__("engine")
        self._target = target

    def connect(self) -> None:
        self.sock = connect(self._target)


@dataclass(frozen=True)
class Answer:
    """`headers` by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """What an error says."""
        text: str = self.json["message"]
        return text


def ask(
    target: Target, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request; `body` is sent as JSON, or as it is if it is bytes."""
    connection = _Unix(target)
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    try:
        json_type = {"Content-Type": "application/json"} if data else {}
        connection.request(method, path, data, json_type | (headers or {}))
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())
    finally:
        connection.close()
