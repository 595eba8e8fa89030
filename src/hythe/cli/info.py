"""`hythe info` and `hythe version`."""

from __future__ import annotations

import platform
from typing import Any, Final

from hythe import __version__
from hythe.base.units import human_memory
from hythe.cli import failure
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.client.transport import API_VERSION
from hythe.errors import HytheError

_INFO: Final = (
    ("Containers", "Containers"), (" Running", "ContainersRunning"), (" Paused", "ContainersPaused"),
    (" Stopped", "ContainersStopped"), ("Images", "Images"), ("Server Version", "ServerVersion"),
    ("Storage Driver", "Driver"), ("Logging Driver", "LoggingDriver"), ("Cgroup Driver", "CgroupDriver"),
    ("Cgroup Version", "CgroupVersion"), ("Default Runtime", "DefaultRuntime"), ("Init Binary", "InitBinary"),
    ("Kernel Version", "KernelVersion"), ("Operating System", "OperatingSystem"), ("OSType", "OSType"),
    ("Architecture", "Architecture"), ("CPUs", "NCPU"), ("Total Memory", "MemTotal"), ("Name", "Name"),
    ("ID", "ID"), ("Data Root", "DockerRootDir"),
)  # fmt: skip


def info(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "info", "[OPTIONS]", "Show the daemon and this machine.")
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template")
    options = parser.options(argv)
    answer = session.client.info()
    if options.format:
        session.out(_formatted(answer, options.format))
        return 0
    session.out(f"Client: hythe {__version__}\nDaemon: {session.client.address}")
    for title, key in _INFO:
        if (value := answer.get(key)) not in (None, ""):
            session.out(f" {title}: {human_memory(value) if key == 'MemTotal' else value}")
    if security := answer.get("SecurityOptions"):
        session.out(f" Security Options: {', '.join(_name(word) for word in security)}")
    for warning in answer.get("Warnings") or []:
        session.err(f"WARNING: {warning}")
    return 0


def _name(option: str) -> str:
    """The name in "name=seccomp,profile=builtin"."""
    return option.partition(",")[0].removeprefix("name=")


def version(session: Session, argv: list[str]) -> int:
    """The client's version is printed even if no daemon answers; the exit code then says so."""
    parser = Parser(session, "version", "[OPTIONS]", "Show the versions of client and daemon.")
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template such as '{{.Server.Version}}'")
    options = parser.options(argv)
    client: dict[str, Any] = {
        "Version": __version__, "ApiVersion": ".".join(map(str, API_VERSION)),
        "PythonVersion": platform.python_version(), "Os": "linux", "Arch": platform.machine(),
    }  # fmt: skip
    server, code = None, 0
    try:
        server = session.client.version()
        client["ApiVersion"] = session.client.ping()
    except HytheError as error:
        code = failure.report(error)
    if options.format:
        session.out(_formatted({"Client": client, "Server": server}, options.format))
        return code
    _block(session, "Client", client)
    if server is not None:
        session.out("")
        _block(session, "Server", server)
    return code


def _block(session: Session, title: str, values: dict[str, Any]) -> None:
    names = {
        "Version": "Version", "ApiVersion": "API version", "MinAPIVersion": "Minimum API version",
        "PythonVersion": "Python version", "GoVersion": "Go version", "GitCommit": "Git commit",
        "Os": "OS", "Arch": "Architecture", "KernelVersion": "Kernel version",
    }  # fmt: skip
    session.out(f"{title}:")
    for key, name in names.items():
        if values.get(key):
            session.out(f" {name + ':':<21}{values[key]}")


def _formatted(value: Any, form: str) -> str:
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import to_json

    return to_json(value) if form == "json" else Template(form).render(value)
