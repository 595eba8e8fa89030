"""`hythe explain`: what a container is made of in the kernel, as a page to read or as data."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from hythe.cli.format.explain import network, page, process, resources
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import NotFound, Unsupported

Json = dict[str, Any]

_SECTIONS: Final[dict[str, tuple[str, Callable[[Json], page.Section]]]] = {
    "State": ("State", lambda value: process.state(value, time.time())),
    "Processes": ("Processes", process.processes),
    "Namespaces": ("Namespaces", process.namespaces),
    "Users": ("User mapping", process.users),
    "Cgroup": ("Control group", resources.control_group),
    "Security": ("Security", process.security),
    "Layers": ("Layers", resources.layers),
    "Mounts": ("Mounts", resources.mounts),
    "Network": ("Network", network.network),
    "Firewall": ("Firewall", network.firewall),
}


def explain(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session,
        "explain",
        "[OPTIONS] CONTAINER",
        "Show what a container is made of in the kernel, and where to look it up.",
    )
    names = ", ".join(name.lower() for name in _SECTIONS)
    parser.many("--section", metavar="NAME,...", help=f"only these: {names}")
    parser.text("-f", "--format", metavar="FORMAT", help="json, or a template such as '{{.State.Pid}}'")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    sections = [name for text in options.section for name in text.split(",") if name]
    show = _shown_as(options.format)
    session.out(show(_ask(session, options.container, sections)))
    return 0


def _shown_as(form: str | None) -> Callable[[Json], str]:
    """Made before the daemon is asked, so that a template's mistake is told at once."""
    if not form:
        return _page
    import json

    from hythe.cli.format.template import Template

    if form == "json":
        return lambda value: json.dumps(value, indent=4, ensure_ascii=False)
    return Template(form).render


def _ask(session: Session, ref: str, sections: Sequence[str]) -> Json:
    containers = session.client.containers
    try:
        return containers.explain(ref, sections)
    except NotFound as error:
        containers.inspect(ref)  # says so if it is the container that is not there
        raise Unsupported(
            "this daemon does not explain containers", hint="only hythe's own daemon does: see hythe version"
        ) from error


def _page(value: Json) -> str:
    """Paths have $ID where they have the container's id, which stands at the top: shorter, and still a path."""
    drawn = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    paint = page.colored if drawn else page.plain
    lines = page.render(_sections(value), shutil.get_terminal_size().columns, paint)
    return "\n".join([f"{value['Name']}  ID={value['Id']}", "", *lines]).replace(f"/{value['Id']}", "/$ID")


def _sections(value: Json) -> list[page.Section]:
    """Those that are there, and at the end which only a running container has."""
    found = [section(value[key]) for key, (_, section) in _SECTIONS.items() if value.get(key) is not None]
    missing = [title for key, (title, _) in _SECTIONS.items() if key in value and value[key] is None]
    if missing:
        words = page.Lines([", ".join(missing).lower()])
        found.append(page.Section("Only a running container has", [], [words]))
    return found
