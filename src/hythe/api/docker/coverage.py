"""docs/engine-api.md, generated from the route table, so that the list cannot differ from the code.

Run `python -m hythe.api.docker.coverage > docs/engine-api.md`; a test compares the two. What stands in the table is
what the routes declare (`parameters`), and a handler that reads more than that fails: docs cannot promise less or more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from hythe.api.docker.parameters import Parameters
from hythe.api.docker.routing import Route
from hythe.api.docker.table import ROUTES
from hythe.api.docker.translate.refusals import refused_fields
from hythe.api.docker.versioning import NEWEST, OLDEST

_HEAD: Final = f"""# The Docker Engine API in hythe

Versions {OLDEST} to {NEWEST}.
Made from the route table by `python -m hythe.api.docker.coverage`; do not edit.

- *honoured*: parameters that do what Docker's documentation says; `filters` with the keys that are known, any other
  key is refused.
- *no effect*: accepted, since what they choose between does not exist here.
- *refused*: a value that asks for something is answered with 501 and the parameter's name, before anything is done.
- Parameters and fields that Docker does not know are let through, as dockerd lets them through.
"""


def _noun(route: Route) -> str:
    return route.pattern.split("/")[1]


def markdown(routes: Iterable[Route]) -> str:
    """Three tables: what is answered, the bodies, and what is refused by name."""
    ordered = sorted(routes, key=lambda r: (_noun(r), r.pattern, r.method))
    done = [route for route in ordered if not route.refused]
    refused = [route for route in ordered if route.refused]
    lines = [
        _HEAD,
        f"## Answered ({len(done)})",
        "",
        "| operation | what it does | honoured | no effect | refused |",
        "|---|---|---|---|---|",
    ]
    for _, group in groupby(done, key=_noun):
        lines += [_row(route) for route in group]
    lines += ["", "## Bodies", "", *_bodies(done)]
    lines += ["", f"## Refused by name ({len(refused)})", "", "| operation | answer |", "|---|---|"]
    lines += [f"| `{route.method} {_shown(route)}` | {route.refused} |" for route in refused]
    return "\n".join([*lines, ""])


def _row(route: Route) -> str:
    parameters = route.parameters
    cells = (_honoured(parameters), _code(parameters.no_effect), _code(parameters.refused))
    return f"| `{route.method} {_shown(route)}` | {route.summary} | {' | '.join(cells)} |"


def _honoured(parameters: Parameters) -> str:
    shown = [_code(parameters.honoured)] if parameters.honoured else []
    if parameters.filters:
        shown.append(f"`filters`: {_code(parameters.filters)}")
    return "; ".join(shown)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _bodies(routes: Iterable[Route]) -> Iterator[str]:
    yield "| operation | fields honoured | fields refused |"
    yield "|---|---|---|"
    for route in routes:
        if route.parameters.body is not None:
            honoured, refused = _fields(route.parameters.body)
            if route.parameters.body_refused:
                honoured, refused = [], sorted([*honoured, *refused])
            yield f"| `{route.method} {_shown(route)}` | {_code(honoured)} | {_code(refused)} |"


def _fields(body: type[Struct], prefix: str = "") -> tuple[list[str], list[str]]:
    """(honoured, refused); of fields that are Structs themselves their fields, as HostConfig.Memory."""
    honoured, refused = [], [prefix + name for name in refused_fields(body)]
    for field in fields(body):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            inner = _fields(field.type, f"{prefix}{field.encode_name}.")
            honoured += inner[0]
            refused += inner[1]
        elif prefix + field.encode_name not in refused:
            honoured.append(prefix + field.encode_name)
    return honoured, refused


def _shown(route: Route) -> str:
    return route.pattern.replace(":path", "")


if __name__ == "__main__":
    sys.stdout.write(markdown(ROUTES))
