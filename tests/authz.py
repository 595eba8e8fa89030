"""An authorization plugin in docker's protocol, for tests: it remembers what it is asked and answers as it is told."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

Message = dict[str, Any]
Policy = Callable[[str, Message], bytes | None]


def everything(method: str, message: Message) -> None:
    """The policy that allows."""


class Plugin:
    """`policy` gives a raw answer to (method, message), or None to allow; it may be replaced at any time."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Message]] = []
        self.policy: Policy = everything

    def answer(self, method: str, message: Message) -> bytes:
        if method == "Plugin.Activate":
            return b'{"Implements": ["authz"]}'
        self.asked.append((method, message))
        given = self.policy(method, message)
        return b'{"Allow": true}' if given is None else given

    def requests(self, path: str) -> list[Message]:
        """What AuthZReq was told of requests to a path that ends so, query aside."""
        return [
            message
            for method, message in self.asked
            if method == "AuthZPlugin.AuthZReq" and message["RequestUri"].partition("?")[0].endswith(path)
        ]

    def responses(self, path: str) -> list[Message]:
        return [
            message
            for method, message in self.asked
            if method == "AuthZPlugin.AuthZRes" and message["RequestUri"].partition("?")[0].endswith(path)
        ]


def body(message: Message, key: str = "RequestBody") -> bytes:
    return base64.b64decode(message.get(key, ""))


def deny(reason: str) -> bytes:
    return json.dumps({"Allow": False, "Msg": reason}).encode()


@contextmanager
def served(socket: Path) -> Iterator[Plugin]:
    """A plugin that listens at `socket`."""
    plugin = Plugin()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = plugin.answer(self.path.removeprefix("/"), json.loads(content) if content else {})
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

        def address_string(self) -> str:
            return "unix"

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    socket.parent.mkdir(parents=True, exist_ok=True)
    with Server(str(socket), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield plugin
        finally:
            server.shutdown()
            socket.unlink(missing_ok=True)
