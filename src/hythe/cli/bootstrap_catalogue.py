"""Which images can be made without a registry, and from what.

Three kinds: a Debian root file system made from packages (`bootstrap_debian`), busybox
(`bootstrap_busybox`), and servers that a Dockerfile shipped with hythe (src/hythe/images/FOLDER) builds on
top of those. A recipe's first name is what it is called; the others are given to the same image. Names that
would promise more than the image holds (`postgres:latest` for PostgreSQL 15) are left out on purpose.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from hythe.errors import NotFound

Kind = Literal["debian", "busybox", "dockerfile"]


@dataclass(frozen=True)
class Recipe:
    """`source` is a suite of the distribution, or a folder of `folder()`; `base` the name it is FROM."""

    names: tuple[str, ...]
    kind: Kind
    source: str
    summary: str
    base: str | None = None

    @property
    def name(self) -> str:
        return self.names[0]


_SLIM: Final = "debian:bookworm-slim"

RECIPES: Final = (
    Recipe((_SLIM, "debian:12-slim"), "debian", "bookworm", "Debian 12, with apt, without documentation"),
    Recipe(("busybox:latest",), "busybox", "busybox-static", "one program that is a shell and 300 tools"),
    Recipe(
        ("python:3.11-slim", "python:3.11-slim-bookworm"), "dockerfile", "python", "Python 3.11, pip", _SLIM
    ),
    Recipe(("postgres:15", "postgres:15-bookworm"), "dockerfile", "postgres", "PostgreSQL 15", _SLIM),
    Recipe(("redis:7", "redis:7.0"), "dockerfile", "redis", "Redis 7.0", _SLIM),
    Recipe(("nginx:latest", "nginx:1.22"), "dockerfile", "nginx", "nginx 1.22", _SLIM),
)  # fmt: skip


def find(name: str) -> Recipe:
    """The recipe of an image's name; without a tag "latest" is meant. NotFound names what is near."""
    wanted = name.removeprefix("docker.io/").removeprefix("library/")
    if ":" not in wanted:
        wanted += ":latest"
    known = {each: recipe for recipe in RECIPES for each in recipe.names}
    if wanted in known:
        return known[wanted]
    repository = wanted.partition(":")[0] + ":"
    near = [each for each in known if each.startswith(repository)] or difflib.get_close_matches(wanted, known)
    hint = f"there is {', '.join(near)}" if near else "see hythe image bootstrap --list"
    raise NotFound(f"no image {name!r} can be made here", hint=hint)


def order(recipes: Iterable[Recipe]) -> list[Recipe]:
    """The recipes and what they are built on, each once, every one after its base."""
    result: list[Recipe] = []
    for recipe in recipes:
        chain = [recipe]
        while (base := chain[-1].base) is not None:
            chain.append(find(base))
        result += [each for each in reversed(chain) if each not in result]
    return result


def folder(name: str) -> Path:
    """The directory of files shipped for an image."""
    return Path(str(resources.files("hythe"))) / "images" / name


def table(recipes: Sequence[Recipe] = RECIPES) -> list[str]:
    """The catalogue as lines of text in columns."""
    rows = [("NAME", "FROM", "WHAT")]
    rows += [(each.name, each.base or "Debian packages", each.summary) for each in recipes]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{row[0]:<{widths[0]}}   {row[1]:<{widths[1]}}   {row[2]}" for row in rows]
