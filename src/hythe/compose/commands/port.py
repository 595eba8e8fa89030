"""`hythe compose port`: where a port of a service is published."""

from __future__ import annotations

from hythe.compose.arguments import Parser
from hythe.compose.session import Session
from hythe.errors import NotFound


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("port", "[OPTIONS] SERVICE PORT", "Print where a port of a service is published.")
    parser.text("--protocol", metavar="PROTOCOL", default="tcp", help="tcp or udp")
    parser.number("--index", help="that container of the service")
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("port", metavar="PORT", type=int)
    options = parser.parse_args(argv)
    project = session.project_or_name()
    container = session.one(project, options.service, options.index)
    found = [
        one
        for one in container.summary.get("Ports") or []
        if one["PrivatePort"] == options.port and one.get("Type", "tcp") == options.protocol
        and one.get("PublicPort")
    ]  # fmt: skip
    if not found:
        raise NotFound(f"port {options.port}/{options.protocol} of {container.name} is not published")
    address = found[0].get("IP") or "0.0.0.0"
    shown = f"[{address}]" if ":" in address else address
    session.out(f"{shown}:{found[0]['PublicPort']}")
    return 0
