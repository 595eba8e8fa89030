"""Requests to a daemon: paths, queries and bodies in, values or streams out.

Idle connections wait in a small pool and are used again when the peer has not closed them; a stream or an
upgraded connection has one of its own and closes it. The API version is agreed at the first request, from
the Api-Version header of `GET /_ping`, as the lower of the daemon's and ours.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

from hythe.client import failures
from hythe.client.address import Address
from hythe.client.hijack import Hijacked
from hythe.client.http1 import Body, Connection, Head
from hythe.errors import InvalidArgument, Unavailable
from hythe.wire import jsonlines

API_VERSION: Final = (1, 50)
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
IN_PATH: Final = _UNRESERVED | frozenset(b"/:@,!*'()")
UPGRADE: Final = {"Connection": "Upgrade", "Upgrade": "tcp", "Content-Type": "application/json"}
"""What a request for a hijacked connection has in its head."""

Json = dict[str, Any]
Objects = list[Json]
Query = Mapping[str, object]


class Transport:
    """One daemon's address, its pool of idle connections, and the version spoken with it. Thread-safe."""

    def __init__(self, address: Address, timeout: float | None = None) -> None:
        self.address = address
        self._timeout = timeout
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._version: str | None = None

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @property
    def version(self) -> str:
        """The agreed version, such as "1.43"."""
        if self._version is None:
            head, _ = self._exchange("GET", "/_ping", {}, None)
            self._version = agree(head.headers.get("api-version", ""))
        return self._version

    def call(
        self, method: str, path: str, query: Query | None = None, body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """Send a request with a JSON body, or none, and give the decoded JSON answer, or None without one."""
        fields = dict(headers or {})
        payload = None
        if body is not None:
            fields["Content-Type"] = "application/json"
            payload = json.dumps(body).encode()
        _, answer = self._exchange(method, self._target(path, query), fields, payload)
        return json.loads(answer) if answer.strip() else None

    def upload(self, method: str, path: str, query: Query, body: Body) -> bytes:
        """Send an archive; give the whole answer."""
        fields = {"Content-Type": "application/x-tar"}
        return self._exchange(method, self._target(path, query), fields, body)[1]

    def head(self, path: str, query: Query) -> Mapping[str, str]:
        """The headers that a HEAD request is answered with."""
        return self._exchange("HEAD", self._target(path, query), {}, None)[0].headers

    def stream(
        self, method: str, path: str, query: Query | None = None, body: Body = None,
        headers: Mapping[str, str] | None = None, *, timeout: float | None = None,
    ) -> tuple[Head, Generator[bytes, None, None]]:  # fmt: skip
        """Send a request whose answer is read as it comes. Errors are raised here, before the first byte.

        `timeout` in seconds bounds each wait for data; TimeoutError is raised where the answer is read.
        """
        target = self._target(path, query)
        connection = self._connect(timeout)
        with self._closed_on_failure(connection):
            connection.send(method, target, headers or {}, body)
            head = connection.receive()
            if head.status >= 300:
                answer = b"".join(connection.body(head, method))
                raise failures.from_answer(head.status, head.reason, answer, f"{method} {path}")
        return head, _closing(connection, head, method)

    def json_lines(
        self, method: str, path: str, query: Query | None = None, body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Json]:  # fmt: skip
        """The JSON objects of a streamed answer, one a line. The request is sent at once."""
        _, pieces = self.stream(method, path, query, body, headers)
        return _objects(pieces)

    def hijack(self, path: str, query: Query | None = None, body: Json | None = None) -> Hijacked:
        """POST and take the connection over: raw bytes both ways from then on."""
        target = self._target(path, query)
        connection = self._connect(None)
        with self._closed_on_failure(connection):
            connection.send("POST", target, UPGRADE, json.dumps(body).encode() if body is not None else b"")
            head = connection.receive()
            if head.status not in (101, 200):
                answer = b"".join(connection.body(head, "POST"))
                raise failures.from_answer(head.status, head.reason, answer, f"POST {path}")
        return Hijacked(connection, head)

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: Body
    ) -> tuple[Head, bytes]:
        connection = self._take()
        with self._closed_on_failure(connection):
            head, answer = self._round(connection, method, target, headers, body)
        if connection.reusable:
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()
        if head.status >= 300:
            raise failures.from_answer(head.status, head.reason, answer, f"{method} {target}")
        return head, answer

    def _round(
        self, connection: Connection, method: str, target: str, headers: Mapping[str, str], body: Body
    ) -> tuple[Head, bytes]:
        try:
            connection.send(method, target, headers, body)
        except (BrokenPipeError, ConnectionResetError):
            # The daemon may refuse a body before reading all of it; its answer says why.
            head = connection.receive()
            return head, b"".join(connection.body(head, method))
        head = connection.receive()
        return head, b"".join(connection.body(head, method))

    @contextmanager
    def _closed_on_failure(self, connection: Connection) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise failures.from_connect(error, self.address) from error
            raise

    def _take(self) -> Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect(self._timeout)
            if not connection.stale():
                connection.socket.settimeout(self._timeout)
                return connection
            connection.close()

    def _connect(self, timeout: float | None) -> Connection:
        try:
            return Connection(self.address, timeout)
        except OSError as error:
            raise failures.from_connect(error, self.address) from error

    def _target(self, path: str, query: Query | None) -> str:
        return f"/v{self.version}{quote(path, IN_PATH)}{encode_query(query or {})}"


def encode_query(query: Query) -> str:
    """ "?a=1&b=x": None is left out, booleans are 1 and 0, lists repeat the name, objects become JSON."""
    parts: list[str] = []
    for name, value in query.items():
        values = value if isinstance(value, list | tuple) else [value]
        parts.extend(f"{name}={quote(_text(item))}" for item in values if item is not None)
    return "?" + "&".join(parts) if parts else ""


def quote(text: str, safe: frozenset[int] = _UNRESERVED) -> str:
    """Percent-encoded (RFC 3986, 2.1). urllib's costs 2 ms of import."""
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in text.encode())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value)


def agree(theirs: str) -> str:
    """The lower of two versions; ours where the daemon names none."""
    major, _, minor = theirs.partition(".")
    if not (major.isdigit() and minor.isdigit()):
        return ".".join(map(str, API_VERSION))
    return ".".join(map(str, min(API_VERSION, (int(major), int(minor)))))


def _closing(connection: Connection, head: Head, method: str) -> Generator[bytes, None, None]:
    try:
        yield from connection.body(head, method)
    finally:
        connection.close()


def _objects(pieces: Generator[bytes, None, None]) -> Iterator[Json]:
    decoder = jsonlines.Decoder()
    with closing(pieces):
        try:
            for piece in pieces:
                yield from decoder.feed(piece)
            yield from decoder.finish()
        except InvalidArgument as error:
            raise Unavailable(f"the daemon's answer cannot be read: {error.message}") from error
