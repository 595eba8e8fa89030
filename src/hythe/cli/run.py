"""`hythe run` and `hythe create`."""

from __future__ import annotations

import os
import sys
from typing import Any

from hythe.cli import failure
from hythe.cli.parsing import Parser
from hythe.cli.run_flags import CommandOptions, container_flags
from hythe.cli.session import Session
from hythe.client.config.container import attached, container_config
from hythe.errors import Conflict, HytheError, InvalidArgument, NotFound

_REFUSED = 125


class Contradiction(failure.WrongCount):
    """Flags that exclude each other, or the terminal that they need is not there: docker ends with 1."""


def run(session: Session, argv: list[str]) -> int:
    """Its exit code is the container's; 125 when that was not reached."""
    parser = Parser(session, "run", "[OPTIONS] IMAGE [COMMAND [ARGUMENT...]]", "Run a new container.")
    parser.flag("-d", "--detach", help="in the background; print its id")
    parser.text("--detach-keys", metavar="KEYS", help="leave it running with these, default ctrl-p,ctrl-q")
    parser.flag("--sig-proxy", default=True, help="pass signals on to it; --sig-proxy=false: die of them")
    container_flags(parser)
    try:
        options = parser.read(argv, CommandOptions())
        _check(options)
        identity = _create(session, options, _config(options))
        if options.detach:
            session.client.containers.start(identity)
            session.out(identity)
            return 0
        return _foreground(session, options, identity)
    except HytheError as error:
        return failure.report(error, _REFUSED)


def create(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "create", "[OPTIONS] IMAGE [COMMAND [ARGUMENT...]]", "Create a new container.")
    container_flags(parser)
    try:
        options = parser.read(argv, CommandOptions())
        config = _config(options)
    except HytheError as error:
        return failure.report(error, _REFUSED)
    session.out(_create(session, options, config))
    return 0


def _check(options: CommandOptions) -> None:
    if options.detach and options.attach:
        raise Contradiction("--detach and --attach exclude each other", hint="leave one of them out")
    if options.tty and options.interactive and not options.detach and not sys.stdin.isatty():
        raise Contradiction("standard input is not a terminal", hint="leave -t out, or run it in a terminal")


def _config(options: CommandOptions) -> dict[str, Any]:
    """The body of the request; mistakes in the flags are found before anything is done."""
    if options.pull not in ("always", "missing", "never"):
        raise InvalidArgument(f"invalid --pull {options.pull!r}", hint="use always, missing or never")
    options.platform = options.platform or os.environ.get("DOCKER_DEFAULT_PLATFORM", "")
    return container_config(options, os.environ)


def _create(session: Session, options: CommandOptions, config: dict[str, Any]) -> str:
    """The id of a new container; its image is fetched first where the policy says so."""
    if options.cidfile and os.path.lexists(options.cidfile):
        raise Conflict(f"{options.cidfile} exists already", hint="remove it, or name another --cidfile")
    if options.pull == "always":
        _fetch(session, options)
    config["Env"] += [f"{name}={value}" for name, value in session.proxies(config["Env"]).items()]
    create_one = session.client.containers.create_with_warnings
    try:
        answer = create_one(options.name, config, platform=options.platform or None)
    except NotFound:
        if options.pull != "missing" or session.client.images.exists(options.image):
            raise
        session.err(f"Unable to find image '{_with_tag(options.image)}' locally")
        _fetch(session, options)
        answer = create_one(options.name, config, platform=options.platform or None)
    for warning in answer.get("Warnings") or []:
        session.err(f"WARNING: {warning}")
    identity = str(answer["Id"])
    if options.cidfile:
        with open(options.cidfile, "x", encoding="ascii") as file:
            file.write(identity)
    return identity


def _with_tag(image: str) -> str:
    from hythe.client.images import split_tag

    return image if split_tag(image)[1] else f"{image}:latest"


def _fetch(session: Session, options: CommandOptions) -> None:
    from hythe.cli import pull

    pull.fetch(
        session, options.image, platform=options.platform or None, quiet=options.quiet, out=session.err,
        stream=sys.stderr,
    )  # fmt: skip


def _foreground(session: Session, options: CommandOptions, identity: str) -> int:
    from hythe.cli.foreground import Foreground

    stdin, stdout, stderr = attached(options)
    ground = Foreground(
        session.client, identity, tty=options.tty, stdin=stdin, stdout=stdout, stderr=stderr,
        detach_keys=options.detach_keys or session.preferences.get("detachKeys"), proxy=options.sig_proxy,
    )  # fmt: skip
    try:
        return ground.start("removed" if options.rm else "next-exit")
    except HytheError:
        if options.rm:
            _discard(session, identity)
        raise


def _discard(session: Session, identity: str) -> None:
    """Remove what did not start; the daemon may be doing the same."""
    try:
        session.client.containers.remove(identity, force=True, volumes=True)
    except (NotFound, Conflict):
        return
