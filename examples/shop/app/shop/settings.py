"""Where the database and the queue are, from the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`work_seconds` is how long handling an order takes, so that one can watch it."""

    database_url: str
    redis_url: str
    work_seconds: float


def read() -> Settings:
    """The settings; a missing one ends the program with a sentence."""
    try:
        database, queue = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
    except KeyError as error:
        sys.exit(f"shop: {error.args[0]} is not set; compose.yaml shows how")
    return Settings(database, queue, float(os.environ.get("SHOP_WORK_SECONDS", "0")))
