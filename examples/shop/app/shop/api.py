"""The API, over HTTP on port 8000.

GET  /            a page with the latest orders, or JSON for Accept: application/json
POST /orders      {"item": "tea", "quantity": 2}  ->  201 and the order
GET  /orders/ID   the order; its state is "new", then "done"
GET  /health      200 when the database and the queue answer, else 503
"""

from __future__ import annotations

import json
import signal
import socket
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import redis

from shop import page, settings
from shop.jobs import Jobs
from shop.orders import PRICES, Orders

_MAX_BODY = 10_000


class Refused(Exception):
    """The request cannot be served; `status` and the text are the answer."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Server(ThreadingHTTPServer):
    """The HTTP server with what its handlers need. Listens for IPv4 and IPv6."""

    address_family = socket.AF_INET6
    daemon_threads = True

    def __init__(self, port: int, orders: Orders, jobs: Jobs) -> None:
        super().__init__(("::", port), Handler)
        self.orders = orders
        self.jobs = jobs

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, serve: Any) -> None:
        """Call `serve` and send what it gives: (status, JSON object or page)."""
        try:
            status, content = serve()
        except Refused as error:
            status, content = error.status, {"error": str(error)}
        except (psycopg.Error, redis.RedisError) as error:
            status, content = HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{type(error).__name__}: {error}"}
        if isinstance(content, str):
            kind, body = "text/html; charset=utf-8", content.encode()
        else:
            kind, body = "application/json", json.dumps(content).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _get(self) -> tuple[HTTPStatus, Any]:
        if self.path == "/":
            orders = self.server.orders.recent()
            if "text/html" in self.headers.get("Accept", ""):
                return HTTPStatus.OK, page.render(orders)
            return HTTPStatus.OK, {"orders": [order.public() for order in orders]}
        if self.path == "/health":
            self.server.orders.recent(1)
            self.server.jobs.ping()
            return HTTPStatus.OK, {"status": "well"}
        number = self.path.removeprefix("/orders/")
        order = self.server.orders.get(int(number)) if number.isdecimal() and len(number) < 19 else None
        if order is None:
            raise Refused(HTTPStatus.NOT_FOUND, f"there is nothing at {self.path}")
        return HTTPStatus.OK, order.public()

    def _post(self) -> tuple[HTTPStatus, Any]:
        content = self._body()
        if self.path != "/orders":
            raise Refused(HTTPStatus.NOT_FOUND, f"there is nothing at {self.path}")
        item, quantity = content.get("item"), content.get("quantity", 1)
        if item not in PRICES:
            raise Refused(HTTPStatus.BAD_REQUEST, f'"item" must be one of {", ".join(PRICES)}')
        if type(quantity) is not int or not 1 <= quantity <= 1000:
            raise Refused(HTTPStatus.BAD_REQUEST, '"quantity" must be a number from 1 to 1000')
        order = self.server.orders.add(item, quantity)
        self.server.jobs.push(order.id)
        return HTTPStatus.CREATED, order.public()

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.close_connection = True
            raise Refused(HTTPStatus.BAD_REQUEST, f"a body of at most {_MAX_BODY} bytes is needed")
        try:
            content = json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
        return content

    def log_message(self, format: str, *args: Any) -> None:
        print(f"api: {self.address_string()} {format % args}", file=sys.stderr)


def main() -> None:
    """Serve until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    chosen = settings.read()
    with Server(8000, Orders(chosen.database_url), Jobs(chosen.redis_url)) as server:
        print("api: listening on port 8000", file=sys.stderr)
        server.serve_forever()


if __name__ == "__main__":
    main()
