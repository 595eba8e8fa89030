"""`hythe pull` and `hythe push`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import HytheError, NotFound, SystemProblem, Unsupported


def pull(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "pull", "[OPTIONS] NAME[:TAG|@DIGEST]", "Fetch an image from a registry.")
    parser.flag("-a", "--all-tags", help="all tags of it")
    parser.flag("-q", "--quiet", help="print its name only")
    parser.text("--platform", metavar="OS/ARCH", help="of a multi-platform image")
    parser.refuse("--disable-content-trust", value=False, why="leave it out; there is no content trust")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    fetch(
        session, options.name, platform=options.platform, quiet=options.quiet, out=session.out,
        all_tags=options.all_tags,
    )  # fmt: skip
    session.out(options.name)
    return 0


def push(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "push", "NAME[:TAG]", "Send an image to a registry.")
    parser.flag("-q", "--quiet", help="no progress")
    parser.refuse("-a", "--all-tags", value=False, why="name one tag")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    _show(session.client.images.push(options.name), options.quiet, session.out)
    return 0


def fetch(
    session: Session, name: str, *, platform: str | None, quiet: bool, out: Callable[[str], None],
    all_tags: bool = False,
) -> None:  # fmt: skip
    """Pull, telling `out` how it goes. Where no registry is in reach, the error says what else there is."""
    try:
        _show(session.client.images.pull(name, platform=platform, all_tags=all_tags), quiet, out)
    except (Unsupported, NotFound, SystemProblem) as error:
        raise _no_image(name, error) from error


def _no_image(name: str, error: HytheError) -> HytheError:
    hint = f"make it: hythe image bootstrap {name}, or hythe build -t {name} DIRECTORY"
    if isinstance(error, Unsupported):
        return NotFound(f"there is no image {name} here, and no registry to fetch it from", hint=hint)
    return NotFound(f"there is no image {name} here, and it cannot be fetched: {error.message}", hint=hint)


def _show(messages: Any, quiet: bool, out: Callable[[str], None]) -> None:
    """One line for each change of state; moving bars are left out on purpose: they are not states."""
    last: dict[str, str] = {}
    for message in messages:
        status, layer = message.get("status"), message.get("id", "")
        if quiet or not status or last.get(layer) == status:
            continue
        last[layer] = status
        out(f"{layer}: {status}" if layer else status)
