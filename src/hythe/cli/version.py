"""`hythe version`, laid out as docker's."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any, Final

from hythe import __version__
from hythe.cli import failure
from hythe.cli.format.go_names import GoNames
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.transport import API_VERSION
from hythe.errors import HytheError

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}

Json = dict[str, Any]


def version(session: Session, argv: list[str]) -> int:
    """The client's version is printed even if no daemon answers; the exit code then says so."""
    parser = Parser(session, "version", "[OPTIONS]", "Show the versions of client and daemon.")
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template such as '{{.Server.Version}}'")
    options = parser.options(argv)
    show = _shower(options.format)
    client = _client(session)
    server, problem = None, None
    try:
        server = session.client.version()
        client["ApiVersion"] = session.client.ping()
    except HytheError as error:
        problem = error
    session.out(show({"Client": client, "Server": server}))
    return failure.report(problem) if problem else 0


def _client(session: Session) -> Json:
    newest = ".".join(map(str, API_VERSION))
    machine = platform.machine()
    return {
        "Platform": {"Name": "hythe"}, "Version": __version__, "ApiVersion": newest,
        "DefaultAPIVersion": newest, "PythonVersion": platform.python_version(), "Os": "linux",
        "Arch": _ARCHITECTURES.get(machine, machine), "Context": session.context,
    }  # fmt: skip


def _shower(form: str | None) -> Any:
    if not form:
        return _page
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import to_json

    if form == "json":
        return to_json
    template = Template(form)
    return lambda both: template.render(
        {side: GoNames(value) if value else None for side, value in both.items()}
    )


def _page(both: Json) -> str:
    lines = [f"Client: {both['Client']['Platform']['Name']}", *_block(both["Client"], " ")]
    if server := both["Server"]:
        name = (server.get("Platform") or {}).get("Name")
        lines += ["", f"Server: {name}" if name else "Server:"]
        components = server.get("Components") or [{"Name": "Engine", "Details": {}}]
        for each in components:
            details = {**(server if each["Name"] == "Engine" else {}), **(each.get("Details") or {})}
            lines += [f" {each['Name']}:", *_block({**details, "Version": each.get("Version")}, "  ")]
    return "\n".join(lines)


def _block(values: Json, margin: str) -> Iterator[str]:
    api = values.get("ApiVersion")
    if api and values.get("MinAPIVersion"):
        api = f"{api} (minimum version {values['MinAPIVersion']})"
    shown = (
        ("Version", values.get("Version")), ("API version", api),
        ("Python version", values.get("PythonVersion")), ("Go version", values.get("GoVersion")),
        ("Git commit", values.get("GitCommit")), ("Built", values.get("BuildTime")),
        ("OS/Arch", f"{values['Os']}/{values['Arch']}" if values.get("Os") else None),
        ("Kernel version", values.get("KernelVersion")), ("Context", values.get("Context")),
    )  # fmt: skip
    width = 20 - len(margin)
    for name, value in shown:
        if value:
            yield f"{margin}{name + ':':<{width}}{value}"
