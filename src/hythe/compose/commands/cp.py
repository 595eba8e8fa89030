"""`hythe compose cp`: files from a service's container, or into all of them."""

from __future__ import annotations

import io
import os
import stat
import sys
import tarfile
from pathlib import Path, PurePosixPath

from hythe.client.unpacking import unpack
from hythe.compose.arguments import Parser, UsageProblem
from hythe.compose.model import Project
from hythe.compose.session import Session
from hythe.compose.state import Container
from hythe.errors import NotFound

_GO_DIRECTORY = 1 << 31


def main(session: Session, argv: list[str]) -> int:
    parser = Parser(
        "cp", "[OPTIONS] SERVICE:PATH LOCAL|- | LOCAL|- SERVICE:PATH", "Copy files to and from containers."
    )
    parser.flag("-a", "--archive", help="keep owners")
    parser.flag("-L", "--follow-link", help="copy what links in LOCAL stand for")
    parser.number("--index", help="that container of the service")
    parser.flag("--all", help="accepted: it is so when copying into a service")
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("target", metavar="TARGET")
    options = parser.parse_args(argv)
    project = session.project_or_name()
    source, target = _remote(options.source), _remote(options.target)
    if (source is None) == (target is None):
        raise UsageProblem("one side of cp must be SERVICE:PATH, the other one local")
    if source is not None:
        _out_of(session, session.one(project, source[0], options.index), source[1], options.target)
        return 0
    assert target is not None
    for one in _targets(session, project, target[0], options.index):
        _into(session, one, options.source, target[1], follow=options.follow_link, owners=options.archive)
    return 0


def _remote(text: str) -> tuple[str, str] | None:
    """("service", "path"), or None for a local path."""
    service, colon, path = text.partition(":")
    return (service, path) if colon and service and "/" not in service and text != "-" else None


def _targets(session: Session, project: Project, service: str, index: int | None) -> list[Container]:
    if index is not None:
        return [session.one(project, service, index)]
    found = session.containers(project, [service])
    if not found:
        raise NotFound(f"service {service!r} has no container")
    return found


def _out_of(session: Session, container: Container, path: str, target: str) -> None:
    pieces, about = session.client.containers.archive_get(container.id, path)
    if target == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    place = Path(target)
    folder, name = (place, about["name"]) if place.is_dir() else (place.parent, place.name)
    if not folder.is_dir():
        raise NotFound(f"there is no directory {folder}")
    unpack(pieces, str(folder), name)


def _into(
    session: Session, container: Container, source: str, path: str, *, follow: bool, owners: bool
) -> None:
    containers = session.client.containers
    if source == "-":
        containers.archive_put(container.id, path, sys.stdin.buffer, copy_owner=owners)
        return
    local = Path(source)
    if not os.path.lexists(local):
        raise NotFound(f"there is no file {source}")
    folder, name = _destination(session, container, path, local)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=follow) as tar:
        tar.add(local, name)
    containers.archive_put(container.id, folder, buffer.getvalue(), copy_owner=owners)


def _destination(session: Session, container: Container, path: str, local: Path) -> tuple[str, str]:
    """(directory in the container, name there): as cp(1), an existing directory is copied into."""
    try:
        about = session.client.containers.archive_stat(container.id, path)
    except NotFound:
        about = {}
    if int(about.get("mode", 0)) & _GO_DIRECTORY or stat.S_ISDIR(int(about.get("mode", 0)) & 0xFFFF):
        return path, local.resolve().name
    whole = PurePosixPath(path)
    return str(whole.parent), whole.name
