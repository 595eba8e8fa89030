"""`hythe compose ps`: the project's containers."""

from __future__ import annotations

import time
from typing import Any

from hythe.compose.arguments import Parser
from hythe.compose.session import Session
from hythe.compose.state import Container
from hythe.compose.table import formatted

_TITLES = ("NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS")
_AGES = ((86400 * 2, 86400, "days"), (7200, 3600, "hours"), (120, 60, "minutes"), (0, 1, "seconds"))


def main(session: Session, argv: list[str]) -> int:
    parser = Parser("ps", "[OPTIONS] [SERVICE...]", "List containers.")
    parser.flag("-a", "--all", help="those that do not run, too")
    parser.flag("-q", "--quiet", help="ids only")
    parser.add_argument("--services", dest="names", action="store_true", help="names of services only")
    parser.text("--format", metavar="HOW", default="table", help="table or json")
    parser.many("--status", metavar="STATE", help="those in this state only")
    parser.many("--filter", metavar="status=STATE", help="as --status")
    parser.flag("--no-trunc", help="whole commands")
    parser.flag("--orphans", help="accepted: they are listed")
    parser.services()
    options = parser.parse_args(argv)
    project = session.project_or_name()
    states = [*options.status, *(text.removeprefix("status=") for text in options.filter)]
    found = session.containers(project, options.services, all=options.all or bool(states), oneoff=options.all)
    if states:
        found = [one for one in found if one.state in states]
    if options.quiet:
        lines = [one.id for one in found]
    elif options.names:
        lines = list(dict.fromkeys(one.service for one in found))
    else:
        rows = [_row(one, whole=options.no_trunc) for one in found]
        text = formatted(options.format, _TITLES, rows, [_object(one, project.name) for one in found])
        lines = [text] if text else []
    for line in lines:
        session.out(line)
    return 0


def _row(one: Container, *, whole: bool) -> list[str]:
    command = str(one.summary.get("Command", ""))
    if not whole and len(command) > 20:
        command = command[:19] + "…"
    return [
        one.name, one.image, f'"{command}"', one.service, _age(one.summary.get("Created", 0)), one.status,
        ports(one.summary.get("Ports") or []),
    ]  # fmt: skip


def ports(found: list[dict[str, Any]]) -> str:
    """ "0.0.0.0:8080->80/tcp, 443/tcp"."""
    texts = []
    for one in sorted(found, key=lambda port: (port["PrivatePort"], port.get("IP", ""))):
        inner = f"{one['PrivatePort']}/{one.get('Type', 'tcp')}"
        address = one.get("IP", "")
        shown = f"[{address}]" if ":" in address else address
        texts.append(f"{shown}:{one['PublicPort']}->{inner}" if one.get("PublicPort") else inner)
    return ", ".join(dict.fromkeys(texts))


def _age(created: int) -> str:
    seconds = max(0, int(time.time() - created))
    for least, unit, name in _AGES:
        if seconds >= least:
            return f"{seconds // unit} {name} ago"
    return ""


def _object(one: Container, project: str) -> dict[str, Any]:
    health = next((word for word in ("healthy", "unhealthy", "starting") if f"({word}" in one.status), "")
    if "health: starting" in one.status:
        health = "starting"
    publishers = [
        {
            "URL": port.get("IP", ""),
            "TargetPort": port["PrivatePort"],
            "PublishedPort": port.get("PublicPort", 0),
            "Protocol": port.get("Type", "tcp"),
        }
        for port in one.summary.get("Ports") or []
    ]
    code = one.status.partition("(")[2].partition(")")[0] if one.status.startswith("Exited") else "0"
    return {
        "ID": one.id, "Name": one.name, "Names": one.name, "Project": project, "Service": one.service,
        "Image": one.image, "Command": one.summary.get("Command", ""), "State": one.state,
        "Status": one.status, "Health": health, "ExitCode": int(code or 0), "Publishers": publishers,
        "Created": one.summary.get("Created", 0), "Labels": dict(one.labels),
        "Networks": ",".join(one.networks),
    }  # fmt: skip
