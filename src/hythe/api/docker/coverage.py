"""docs/engine-api.md, generated from the route table, so that the list cannot differ from the code.

Run `python -m hythe.api.docker.coverage > docs/engine-api.md`; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby

from hythe.api.docker.routing import Route
from hythe.api.docker.table import ROUTES
from hythe.api.docker.versioning import NEWEST, OLDEST


def _noun(route: Route) -> str:
    return route.pattern.split("/")[1]


def markdown(routes: Iterable[Route]) -> str:
    """Two tables: what is answered and what is refused by name."""
    ordered = sorted(routes, key=lambda r: (_noun(r), r.pattern, r.method))
    done = [route for route in ordered if not route.refused]
    refused = [route for route in ordered if route.refused]
    lines = [
        "# The Docker Engine API in hythe",
        "",
        f"Versions {OLDEST} to {NEWEST}.",
        "Made from the route table by `python -m hythe.api.docker.coverage`; do not edit.",
        "",
        f"## Answered ({len(done)})",
        "",
        "| operation | what it does |",
        "|---|---|",
    ]
    for _, group in groupby(done, key=_noun):
        lines += [f"| `{route.method} {_shown(route)}` | {route.summary} |" for route in group]
    lines += ["", f"## Refused by name ({len(refused)})", "", "| operation | answer |", "|---|---|"]
    lines += [f"| `{route.method} {_shown(route)}` | {route.refused} |" for route in refused]
    return "\n".join([*lines, ""])


def _shown(route: Route) -> str:
    return route.pattern.replace(":path", "")


if __name__ == "__main__":
    sys.stdout.write(markdown(ROUTES))
