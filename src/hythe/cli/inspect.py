"""`hythe inspect`, for every kind of thing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from hythe.cli import failure
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import HytheError, InvalidArgument, NotFound

_KINDS: Final = ("container", "image", "network", "volume")
Look = Callable[[str], dict[str, Any]]


def inspect(session: Session, argv: list[str]) -> int:
    return _inspect(session, argv, _KINDS)


def inspect_container(session: Session, argv: list[str]) -> int:
    return _inspect(session, argv, ("container",))


def inspect_image(session: Session, argv: list[str]) -> int:
    return _inspect(session, argv, ("image",))


def inspect_network(session: Session, argv: list[str]) -> int:
    return _inspect(session, argv, ("network",))


def inspect_volume(session: Session, argv: list[str]) -> int:
    return _inspect(session, argv, ("volume",))


def _inspect(session: Session, argv: list[str], kinds: Sequence[str]) -> int:
    parser = Parser(
        session, "inspect", "[OPTIONS] NAME|ID...", f"Show everything about {'s, '.join(kinds)}s."
    )
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template such as '{{.State.Status}}'")
    if "container" in kinds:
        parser.flag("-s", "--size", help="with the sizes of containers")
    if "network" in kinds:
        parser.flag("-v", "--verbose", help="more about networks")
    if kinds == ("image",):
        parser.text("--platform", metavar="OS/ARCH", help="of a multi-platform image")
    if len(kinds) > 1:
        parser.text("--type", metavar="KIND", help=f"only these: {', '.join(kinds)}")
    parser.add_argument("names", nargs="+", metavar=kinds[0].upper() if len(kinds) == 1 else "OBJECT")
    options = parser.options(argv)
    wanted = getattr(options, "type", None)
    if wanted and wanted not in kinds:
        raise InvalidArgument(f"unknown type: {wanted!r}", hint=f"use one of {', '.join(kinds)}")
    show = _template(options.format)
    found, code, said = [], 0, False
    for name in options.names:
        try:
            value = _find(session, name, (wanted,) if wanted else kinds, options)
            if show is None:
                found.append(value)
            else:
                session.out(show(value))
                said = True
        except HytheError as error:
            sys.stdout.flush()
            code = failure.report(error)
    if show is not None:
        if not said:
            session.out("")  # as docker does, where there is nothing to show
    else:
        session.out(json.dumps(found, indent=4, ensure_ascii=False))
    return code


def _in_order(volume: dict[str, Any], options: Any) -> dict[str, Any]:
    """`docker volume inspect` has the fields in the order of its own structure, `docker inspect` as they come."""
    return volume if hasattr(options, "type") else dict(sorted(volume.items()))


def _template(form: str | None) -> Callable[[Any], str] | None:
    if not form:
        return None
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import to_json

    try:
        return to_json if form == "json" else Template(form).render
    except InvalidArgument as error:
        raise failure.BadTemplate(error.message, hint=error.hint) from error


def _find(session: Session, name: str, kinds: Sequence[str], options: Any) -> dict[str, Any]:
    client = session.client
    looks: dict[str, Look] = {
        "container": lambda ref: client.containers.inspect(ref, size=options.size),
        "image": lambda ref: client.images.inspect(ref, platform=getattr(options, "platform", None)),
        "network": lambda ref: client.networks.inspect(ref, verbose=options.verbose),
        "volume": lambda ref: _in_order(client.volumes.inspect(ref), options),
    }
    for kind in kinds:
        try:
            return looks[kind](name)
        except NotFound:
            if len(kinds) == 1:
                raise
    raise NotFound(
        f"no such object: {name}", hint="see hythe ps -a, hythe images, hythe network ls, hythe volume ls"
    )
