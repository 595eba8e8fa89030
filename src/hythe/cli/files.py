"""`hythe diff`, `hythe export`, `hythe commit`: a container's file system as a whole."""

from __future__ import annotations

from hythe.cli.output import write_archive
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.images import split_tag


def diff(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "diff", "CONTAINER", "List what changed: A added, C changed, D deleted.")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    for change in session.client.containers.changes(options.container):
        session.out(f"{'CAD'[change['Kind']]} {change['Path']}")
    return 0


def export(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "export", "[-o FILE] CONTAINER", "Write a container's file system to a tar archive."
    )
    parser.text("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    write_archive(options.output, lambda: session.client.containers.export(options.container))
    return 0


def commit(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "commit", "[OPTIONS] CONTAINER [NAME[:TAG]]", "Make an image of a container's changes."
    )
    parser.text("-a", "--author", metavar="NAME", help="who made it")
    parser.text("-m", "--message", metavar="TEXT", help="what it is")
    parser.many("-c", "--change", metavar="INSTRUCTION", help="Dockerfile instruction, such as 'ENV A=b'")
    parser.flag("-p", "--pause", default=True, help="freeze it meanwhile; --pause=false: do not")
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument("name", metavar="NAME", nargs="?", default="")
    options = parser.options(argv)
    repository, tag = split_tag(options.name)
    query = {
        "repo": repository or None, "tag": tag or None, "comment": options.message, "author": options.author,
        "pause": options.pause, "changes": options.change,
    }  # fmt: skip
    session.out(session.client.containers.commit(options.container, query))
    return 0
