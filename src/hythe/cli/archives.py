"""`hythe save`, `hythe load`, `hythe import`: images as tar archives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from hythe.cli.output import write_archive
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import InvalidArgument, SystemProblem, Unsupported


def save(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "save", "[OPTIONS] IMAGE...", "Write images to a tar archive.")
    parser.text("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.text("--platform", metavar="OS/ARCH", help="of a multi-platform image")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    options = parser.options(argv)
    write_archive(
        options.output, lambda: session.client.images.save(options.images, platform=options.platform)
    )
    return 0


def load(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "load", "[OPTIONS]", "Read images from a tar archive.")
    parser.text("-i", "--input", metavar="FILE", help="instead of standard input")
    parser.flag("-q", "--quiet", help="no progress")
    parser.text("--platform", metavar="OS/ARCH", help="of a multi-platform image")
    options = parser.options(argv)
    with _source(options.input) as archive:
        for message in session.client.images.load(archive, quiet=options.quiet, platform=options.platform):
            if "stream" in message:
                session.out(message["stream"].rstrip("\n"))
    return 0


def import_(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "import", "[OPTIONS] FILE|- [NAME[:TAG]]", "Make an image from a root file system."
    )
    parser.many(
        "-c", "--change", metavar="INSTRUCTION", help="Dockerfile instruction, such as 'CMD [\"sh\"]'"
    )
    parser.text("-m", "--message", metavar="TEXT", help="what it is")
    parser.text("--platform", metavar="OS/ARCH", help="what it is for")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("name", metavar="NAME", nargs="?", default="")
    options = parser.options(argv)
    if "://" in options.file:
        raise Unsupported("import from a URL is not supported", hint="fetch it, and give the file")
    identity = ""
    with _source(None if options.file == "-" else options.file) as archive:
        messages = session.client.images.import_(
            archive, options.name, message=options.message, changes=options.change, platform=options.platform
        )
        for message in messages:
            identity = message.get("status", identity)
    session.out(identity)
    return 0


@contextmanager
def _source(path: str | None) -> Iterator[IO[bytes]]:
    """The file, or standard input."""
    if path is None:
        if sys.stdin.isatty():
            raise InvalidArgument("standard input is a terminal", hint="name a file, or redirect the input")
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
        yield file
