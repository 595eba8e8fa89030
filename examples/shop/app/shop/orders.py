"""Orders in PostgreSQL.

Every call opens a connection of its own: at this size that costs a millisecond, and the shop carries on by
itself after the database has been restarted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row

PRICES = {"tea": Decimal("3.20"), "coffee": Decimal("4.50"), "cake": Decimal("5.80")}


@dataclass(frozen=True)
class Order:
    """A row of the table. `total`, `handled_by` and `handled` are set once the state is "done"."""

    id: int
    item: str
    quantity: int
    state: str
    total: Decimal | None
    handled_by: str | None
    created: datetime
    handled: datetime | None

    def public(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "item": self.item,
            "quantity": self.quantity,
            "state": self.state,
            "total": None if self.total is None else str(self.total),
            "handled_by": self.handled_by,
            "created": self.created.isoformat(),
            "handled": self.handled and self.handled.isoformat(),
        }


class Orders:
    """The table of orders in the database at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def add(self, item: str, quantity: int) -> Order:
        query = "INSERT INTO orders (item, quantity) VALUES (%s, %s) RETURNING *"
        return self._select(query, item, quantity)[0]

    def get(self, number: int) -> Order | None:
        found = self._select("SELECT * FROM orders WHERE id = %s", number)
        return found[0] if found else None

    def recent(self, count: int = 20) -> list[Order]:
        return self._select("SELECT * FROM orders ORDER BY id DESC LIMIT %s", count)

    def open(self) -> list[Order]:
        """Those that no worker has handled, oldest first."""
        return self._select("SELECT * FROM orders WHERE state = 'new' ORDER BY id")

    def finish(self, number: int, total: Decimal, worker: str) -> bool:
        """Write the result down; False if another worker already has."""
        query = """
            UPDATE orders SET state = 'done', total = %s, handled_by = %s, handled = now()
            WHERE id = %s AND state = 'new' RETURNING *
        """
        return bool(self._select(query, total, worker, number))

    def _select(self, query: str, *values: object) -> list[Order]:
        with psycopg.connect(self._url, connect_timeout=3) as connection:
            return connection.cursor(row_factory=class_row(Order)).execute(query, values).fetchall()
