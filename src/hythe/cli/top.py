"""`hythe top` and `hythe port`: a container's processes and its published ports."""

from __future__ import annotations

from hythe.cli.format.table import align
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import NotFound


def top(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "top", "CONTAINER [PS-OPTIONS]", "List the processes of a container.")
    parser.add_argument("container", metavar="CONTAINER")
    parser.program("ps_args")
    options = parser.options(argv)
    answer = session.client.containers.top(options.container, " ".join(options.ps_args) or None)
    for line in align([answer["Titles"], *(answer["Processes"] or [])]):
        session.out(line)
    return 0


def port(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "port", "CONTAINER [PORT[/PROTOCOL]]", "List the published ports of a container."
    )
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument("port", metavar="PORT", nargs="?")
    options = parser.options(argv)
    published = session.client.containers.inspect(options.container)["NetworkSettings"].get("Ports") or {}
    if options.port is None:
        for key in sorted(published):
            for binding in published[key] or []:
                session.out(f"{key} -> {_address(binding)}")
        return 0
    key = options.port if "/" in options.port else f"{options.port}/tcp"
    if not published.get(key):
        raise NotFound(
            f"port {key} of {options.container} is not published", hint=f"see hythe port {options.container}"
        )
    for binding in published[key]:
        session.out(_address(binding))
    return 0


def _address(binding: dict[str, str]) -> str:
    host = binding.get("HostIp") or "0.0.0.0"
    return f"[{host}]:{binding['HostPort']}" if ":" in host else f"{host}:{binding['HostPort']}"
