"""`hythe info`, laid out as docker's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from hythe import __version__
from hythe.base.units import human_memory
from hythe.cli import failure
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import HytheError

Json = dict[str, Any]


def info(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "info", "[OPTIONS]", "Show the daemon and this machine.")
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template such as '{{.ServerVersion}}'")
    options = parser.options(argv)
    if options.format:
        show = _shower(options.format)
        session.out(show({**session.client.info(), "ClientInfo": _client(session)}))
        return 0
    client = _client(session)
    session.out(f"Client: {client['Platform']['Name']}\n Version:    {client['Version']}")
    session.out(f" Context:    {client['Context']}\n Debug Mode: {_yes(client['Debug'])}\n\nServer:")
    try:
        answer = session.client.info()
    except HytheError as error:
        sys.stdout.flush()
        return failure.report(error)
    for line in _server(answer):
        session.out(line)
    session.out("")
    for warning in answer.get("Warnings") or []:
        session.err(warning if warning.startswith(("WARNING", "DEPRECATED")) else f"WARNING: {warning}")
    return 0


def _client(session: Session) -> Json:
    return {
        "Debug": os.environ.get("HYTHE_DEBUG") == "1", "Platform": {"Name": "hythe"}, "Version": __version__,
        "Context": session.context, "Plugins": [], "Warnings": None,
    }  # fmt: skip


def _shower(form: str) -> Any:
    from hythe.cli.format.template import Template
    from hythe.cli.format.values import to_json

    return to_json if form == "json" else Template(form).render


def _server(answer: Json) -> Iterator[str]:
    yield f" Containers: {answer['Containers']}"
    for state in ("Running", "Paused", "Stopped"):
        yield f"  {state}: {answer[f'Containers{state}']}"
    yield f" Images: {answer['Images']}"
    yield f" Server Version: {answer['ServerVersion']}"
    yield f" Storage Driver: {answer['Driver']}"
    yield from (f"  {name}: {value}" for name, value in answer.get("DriverStatus") or [])
    yield f" Logging Driver: {answer['LoggingDriver']}"
    yield f" Cgroup Driver: {answer['CgroupDriver']}"
    yield f" Cgroup Version: {answer.get('CgroupVersion', '1')}"
    yield from _plugins(answer.get("Plugins") or {})
    yield f" Swarm: {(answer.get('Swarm') or {}).get('LocalNodeState', 'inactive')}"
    yield from _runtimes(answer)
    yield from _security(answer.get("SecurityOptions") or [])
    yield from _machine(answer)
    yield from _settings(answer)


def _plugins(plugins: Json) -> Iterator[str]:
    yield " Plugins:"
    for kind in ("Volume", "Network", "Authorization", "Log"):
        if names := plugins.get(kind):
            yield f"  {kind}: {' '.join(names)}"


def _runtimes(answer: Json) -> Iterator[str]:
    yield f" Runtimes: {' '.join(answer.get('Runtimes') or {})}"
    yield f" Default Runtime: {answer.get('DefaultRuntime', '')}"
    yield f" Init Binary: {answer.get('InitBinary', '')}"
    for name in ("Containerd", "Runc", "Init"):
        yield f" {name.lower()} version: {(answer.get(f'{name}Commit') or {}).get('ID', '')}"


def _security(options: list[str]) -> Iterator[str]:
    """ "name=seccomp,profile=builtin": the name, and below it what else there is."""
    if not options:
        return
    yield " Security Options:"
    for option in options:
        fields = [field.partition("=") for field in option.split(",")]
        yield from (f"  {value}" for key, _, value in fields if key == "name")
        yield from (f"   {key.capitalize()}: {value}" for key, _, value in fields if key != "name")


def _machine(answer: Json) -> Iterator[str]:
    yield f" Kernel Version: {answer['KernelVersion']}"
    yield f" Operating System: {answer['OperatingSystem']}"
    yield f" OSType: {answer['OSType']}"
    yield f" Architecture: {answer['Architecture']}"
    yield f" CPUs: {answer['NCPU']}"
    yield f" Total Memory: {human_memory(answer['MemTotal'])}"
    yield f" Name: {answer['Name']}"
    yield f" ID: {answer['ID']}"
    yield f" Docker Root Dir: {answer['DockerRootDir']}"


def _settings(answer: Json) -> Iterator[str]:
    yield f" Debug Mode: {_yes(answer.get('Debug'))}"
    for title, key in (("HTTP Proxy", "HttpProxy"), ("HTTPS Proxy", "HttpsProxy"), ("No Proxy", "NoProxy")):
        if answer.get(key):
            yield f" {title}: {answer[key]}"
    if labels := answer.get("Labels"):
        yield from [" Labels:", *(f"  {label}" for label in labels)]
    yield f" Experimental: {_yes(answer.get('ExperimentalBuild'))}"
    yield from _registries(answer.get("RegistryConfig") or {})
    yield f" Live Restore Enabled: {_yes(answer.get('LiveRestoreEnabled'))}"
    if pools := answer.get("DefaultAddressPools"):
        yield from [
            " Default Address Pools:",
            *(f"   Base: {one['Base']}, Size: {one['Size']}" for one in pools),
        ]


def _registries(config: Json) -> Iterator[str]:
    ranges, indexes = config.get("InsecureRegistryCIDRs") or [], config.get("IndexConfigs") or {}
    if ranges or indexes:
        yield " Insecure Registries:"
        yield from (f"  {one['Name']}" for one in indexes.values() if not one.get("Secure"))
        yield from (f"  {one}" for one in ranges)
    if mirrors := config.get("Mirrors"):
        yield from [" Registry Mirrors:", *(f"  {one}" for one in mirrors)]


def _yes(value: object) -> str:
    return str(bool(value)).lower()
