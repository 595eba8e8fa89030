"""The worker: takes order numbers from the queue, works each out, writes the result to the database.

Any number of workers may run: an order is finished by the first that writes its result. After every round
the file /tmp/alive is touched, which is what the health check looks at.
"""

from __future__ import annotations

import signal
import socket
import sys
import time
from pathlib import Path

import psycopg
import redis

from shop import settings
from shop.jobs import Jobs
from shop.orders import PRICES, Order, Orders

_ALIVE = Path("/tmp/alive")
_ROUND_SECONDS = 5


def handle(order: Order, orders: Orders, seconds: float) -> None:
    """Work an order out."""
    time.sleep(seconds)
    total = PRICES[order.item] * order.quantity
    if orders.finish(order.id, total, socket.gethostname()):
        print(f"worker: order {order.id}: {order.quantity} x {order.item} = {total}", file=sys.stderr)


def work(orders: Orders, jobs: Jobs, seconds: float) -> None:
    """Handle what was left open, then whatever comes."""
    for order in orders.open():
        handle(order, orders, seconds)
    while True:
        _ALIVE.touch()
        number = jobs.pop(_ROUND_SECONDS)
        wanted = orders.get(number) if number is not None else None
        if wanted is not None and wanted.state == "new":
            handle(wanted, orders, seconds)


def main() -> None:
    """Work until SIGTERM. While the database or the queue is away, try again every second."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    chosen = settings.read()
    orders, jobs = Orders(chosen.database_url), Jobs(chosen.redis_url)
    while True:
        try:
            work(orders, jobs, chosen.work_seconds)
        except (psycopg.Error, redis.RedisError) as error:
            print(f"worker: {type(error).__name__}: {error}; trying again", file=sys.stderr)
            time.sleep(1)


if __name__ == "__main__":
    main()
