"""`hythe pull` and `hythe push`."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from hythe.cli.format.transfer import shown
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.credentials import Credentials
from hythe.errors import HytheError, InvalidArgument, NotFound, SystemProblem, Unsupported
from hythe.oci import reference
from hythe.oci.reference import Reference


def pull(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "pull", "[OPTIONS] NAME[:TAG|@DIGEST]", "Fetch an image from a registry.")
    parser.flag("-a", "--all-tags", help="all tags of it")
    parser.flag("-q", "--quiet", help="print its name only")
    parser.text("--platform", metavar="OS/ARCH", help="of a multi-platform image")
    parser.accept("--disable-content-trust", value=False, why="there is no content trust")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    name = reference.parse(options.name)
    if options.all_tags and (name.tag or name.digest):
        raise InvalidArgument("tag can't be used with --all-tags/-a", hint="leave one of them out")
    if not options.all_tags:
        name = _tagged(session, name, quiet=options.quiet)
    fetch(
        session, name.familiar, platform=options.platform, quiet=options.quiet, out=session.out,
        all_tags=options.all_tags,
    )  # fmt: skip
    session.out(str(name))
    return 0


def push(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "push", "[OPTIONS] NAME[:TAG]", "Send an image to a registry.")
    parser.flag("-a", "--all-tags", help="all tags of the repository")
    parser.flag("-q", "--quiet", help="print its name only")
    parser.refuse("--platform", why="an image has one platform here, and that is pushed")
    parser.accept("--disable-content-trust", value=False, why="there is no content trust")
    parser.add_argument("name", metavar="NAME")
    options = parser.options(argv)
    name = reference.parse(options.name)
    if options.all_tags and name.tag:
        raise InvalidArgument("tag can't be used with --all-tags/-a", hint="leave one of them out")
    if not options.all_tags:
        name = _tagged(session, name, quiet=options.quiet)
    auth = Credentials().for_image(name.familiar)
    show = shown(session.out, quiet=options.quiet)
    for message in session.client.images.push(name.familiar, auth=auth, all_tags=options.all_tags):
        show(message)
    if options.quiet:
        session.out(str(name))
    return 0


def _tagged(session: Session, name: Reference, *, quiet: bool) -> Reference:
    if not quiet and not (name.tag or name.digest):
        session.out("Using default tag: latest")
    return name.with_tag()


def fetch(
    session: Session, name: str, *, platform: str | None, quiet: bool, out: Callable[[str], None],
    all_tags: bool = False, stream: IO[str] | None = None,
) -> None:  # fmt: skip
    """Pull, telling `out` how it goes."""
    auth, show = Credentials().for_image(name), shown(out, stream=stream, quiet=quiet)
    try:
        for message in session.client.images.pull(name, platform=platform, auth=auth, all_tags=all_tags):
            show(message)
    except (Unsupported, NotFound, SystemProblem) as error:
        raise _no_image(name, error) from error


def _no_image(name: str, error: HytheError) -> HytheError:
    return NotFound(
        f"there is no image {name} here, and it cannot be fetched: {error.message}", hint=error.hint
    )
