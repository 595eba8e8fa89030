"""`hythe ps`: the list of containers."""

from __future__ import annotations

from hythe.cli.format import containers, table
from hythe.cli.parsing import Parser, filters
from hythe.cli.session import Session


def ps(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "ls" if session.prefix else "ps", "[OPTIONS]", "List containers.")
    parser.flag("-a", "--all", help="stopped ones too")
    parser.flag("-q", "--quiet", help="ids only")
    parser.flag("-s", "--size", help="with their sizes")
    parser.flag("-l", "--latest", help="the latest created one, in any state")
    parser.flag("--no-trunc", help="do not cut anything short")
    parser.number("-n", "--last", help="the latest N created ones, in any state")
    parser.many("-f", "--filter", metavar="NAME=VALUE", help="only those, e.g. status=exited, label=a=b")
    parser.text(
        "--format", metavar="FORMAT", help="json, or a template such as 'table {{.Names}}\\t{{.Status}}'"
    )
    options = parser.options(argv)
    limit = 1 if options.latest else options.last
    size = options.size or any(word in (options.format or "") for word in (".Size", "json ."))
    found = session.client.containers.list(
        options.all or bool(limit and limit > 0), filters(options.filter), limit=limit, size=size
    )
    if options.quiet:
        for summary in found:
            session.out(summary["Id"] if options.no_trunc else summary["Id"][:12])
        return 0
    rows = [containers.row(summary, whole=options.no_trunc) for summary in found]
    default = [*containers.DEFAULT, *(["Size"] if options.size else [])]
    table.show(
        rows,
        containers.COLUMNS,
        default=default,
        form=session.format(options.format, "psFormat"),
        out=session.out,
    )
    return 0
