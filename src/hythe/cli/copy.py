"""`hythe cp`: between a container and this machine, or a tar on standard input and output.

What a destination means is docker's: an existing directory is copied into, a name that is not there is the
copy's own name, "SOURCE/." is the content of a directory. Names in the tar are changed to that on its way.
"""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Iterator
from typing import IO, Any, Final

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.cli.transit import tar_of
from hythe.client.unpacking import unpack
from hythe.errors import InvalidArgument, NotFound, Unsupported

_DIRECTORY: Final = 1 << 31  # Go's os.ModeDir and os.ModeSymlink
_SYMLINK: Final = 1 << 27
_LINKS: Final = 10

Json = dict[str, Any]


def cp(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "cp",
        "[OPTIONS] CONTAINER:SOURCE DESTINATION|-\n       hythe cp [OPTIONS] SOURCE|- CONTAINER:DESTINATION",
        "Copy files between a container and this machine.",
    )  # fmt: skip
    parser.flag("-a", "--archive", help="keep owners")
    parser.flag("-L", "--follow-link", help="copy what a link in SOURCE points to")
    parser.flag("-q", "--quiet", help="accepted: there is no progress")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("destination", metavar="DESTINATION")
    options = parser.options(argv)
    from_container, source = split(options.source)
    to_container, destination = split(options.destination)
    if from_container and to_container:
        raise Unsupported(
            "copying between two containers is not supported", hint="copy to this machine first"
        )
    if not from_container and not to_container:
        raise InvalidArgument("neither side is in a container", hint="write CONTAINER:PATH for one of them")
    if from_container:
        _fetch(
            session, from_container, source, destination, follow=options.follow_link, owners=options.archive
        )
    else:
        _send(session, source, to_container, destination, options)
    return 0


def split(text: str) -> tuple[str, str]:
    """("container" or nothing, path). A path that begins with "/" or "." is of this machine."""
    name, colon, path = text.partition(":")
    if not colon or text.startswith(("/", ".")) or "/" in name:
        return "", text
    return name, path or "/"


def _fetch(
    session: Session, container: str, source: str, destination: str, *, follow: bool, owners: bool
) -> None:
    containers = session.client.containers
    if follow:
        source = _resolve(session, container, source)[0]
    pieces, info = containers.archive_get(container, source)
    if destination == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    folder, name = _local_target(destination, info, content=source.endswith("/."))
    unpack(pieces, folder, name, owners=owners)


def _local_target(destination: str, info: Json, *, content: bool) -> tuple[str, str]:
    """(the directory to unpack in, the name that the first entry gets there)."""
    is_directory = bool(info["mode"] & _DIRECTORY)
    if os.path.isdir(destination):  # noqa: PTH112 - strings: a trailing slash has a meaning here
        return destination, "." if content else info["name"]
    if os.path.lexists(destination) and is_directory:
        raise InvalidArgument(f"{destination} is a file; a directory cannot be copied onto it")
    if destination.endswith("/") and not is_directory:
        raise NotFound(f"there is no directory {destination}", hint=f"make it: mkdir -p {destination}")
    folder, name = os.path.split(destination.rstrip("/"))
    if not os.path.isdir(folder or "."):  # noqa: PTH112 - as above
        raise NotFound(f"there is no directory {folder}", hint=f"make it: mkdir -p {folder}")
    return folder or ".", name


def _send(session: Session, source: str, container: str, destination: str, options: Any) -> None:
    containers = session.client.containers
    if source == "-":
        info = _resolve(session, container, destination)[1]
        if info is None or not info["mode"] & _DIRECTORY:
            raise InvalidArgument(f"{destination} is no directory of {container}; a tar is unpacked into one")
        containers.archive_put(container, destination, sys.stdin.buffer, copy_owner=options.archive)
        return
    if not os.path.lexists(source):
        raise NotFound(f"there is no {source} here")
    local = os.path.realpath(source) if options.follow_link or source.endswith("/") else source
    folder, name = _remote_target(session, container, destination, source, os.path.isdir(local))  # noqa: PTH112
    pieces: Iterator[bytes] | IO[bytes] = tar_of(local, name, owners=options.archive)
    containers.archive_put(container, folder, pieces, no_overwrite=True, copy_owner=options.archive)


def _remote_target(
    session: Session, container: str, destination: str, source: str, is_directory: bool
) -> tuple[str, str]:
    where, info = _resolve(session, container, destination)
    if info is not None and info["mode"] & _DIRECTORY:
        content = source.endswith("/.") or source == "."
        return where, "." if content else os.path.basename(os.path.abspath(source))  # noqa: PTH100, PTH119
    if info is not None and is_directory:
        raise InvalidArgument(f"{container}:{destination} is a file; a directory cannot be copied onto it")
    if info is None and destination.endswith("/") and not is_directory:
        raise NotFound(f"there is no directory {destination} in {container}")
    folder, name = posixpath.split(where.rstrip("/"))
    return folder or "/", name


def _resolve(session: Session, container: str, path: str) -> tuple[str, Json | None]:
    """The path with links at its end followed, and what is there, None for nothing."""
    where = path if path.startswith("/") else f"/{path}"
    for _ in range(_LINKS):
        try:
            info = session.client.containers.archive_stat(container, where)
        except NotFound:
            session.client.containers.inspect(container)  # the container itself may be what is not there
            return where, None
        if not info["mode"] & _SYMLINK:
            return where, info
        where = posixpath.normpath(posixpath.join(posixpath.dirname(where), info["linkTarget"]))
    raise InvalidArgument(f"too many links at {container}:{path}")
