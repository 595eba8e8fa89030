"""What every command is given: the global flags, the client, the project, and where output goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hythe.client import Client
from hythe.compose import check, naming
from hythe.compose.files import NoComposeFile, Options
from hythe.compose.load import load
from hythe.compose.model import Project
from hythe.compose.progress import Progress, progress
from hythe.compose.state import Container, containers
from hythe.errors import NotFound


@dataclass(frozen=True)
class Flags:
    """The global flags. `ansi` is never, always or auto."""

    options: Options
    progress: str = "auto"
    ansi: str = "auto"


class Session:
    """One command. `connect` gives the client, always the same; it is called by what needs the daemon."""

    def __init__(self, flags: Flags, connect: Callable[[], Client]) -> None:
        self.flags = flags
        self._connect = connect

    @property
    def client(self) -> Client:
        return self._connect()

    def project(self, services: Iterable[str] = ()) -> Project:
        """The project of the files; the services named are active whatever their profiles."""
        project = load(self.flags.options)
        for text in project.warnings:
            self.err(f"warning: {text}")
        return check.with_services(project, services)

    def project_or_name(self) -> Project:
        """For commands on what exists: without a file, -p or the environment names the project."""
        try:
            return self.project()
        except NoComposeFile:
            options = self.flags.options
            name = options.project_name or options.environ.get("COMPOSE_PROJECT_NAME")
            if options.files or not name:
                raise
            return Project(name=naming.checked(name, "-p"), working_dir=str(Path.cwd()))

    def containers(
        self, project: Project, services: Iterable[str] = (), *, all: bool = True, oneoff: bool = False
    ) -> list[Container]:
        """The project's containers, of the named services or of all. Raises NotFound for an unknown service."""
        named = list(services)
        found = containers(self.client, project.name, all=all)
        known = {*project.services, *project.disabled, *(one.service for one in found)}
        for name in named:
            if name not in known:
                raise NotFound(f"no such service: {name}", hint=check.nearest(name, known))
        return [one for one in found if (not named or one.service in named) and (oneoff or not one.oneoff)]

    def one(self, project: Project, service: str, index: int | None = None) -> Container:
        """The running container of a service, the first or the one with that number."""
        found = self.containers(project, [service], all=False)
        chosen = [one for one in found if index is None or one.number == index]
        if not chosen:
            wanted = f" with index {index}" if index is not None else ""
            raise NotFound(
                f"service {service!r} has no running container{wanted}",
                hint=f"start it with: hythe compose up -d {service}",
            )
        return chosen[0]

    def progress(self, *, quiet: bool = False) -> Progress:
        how = "quiet" if quiet else self.flags.progress
        return progress(how, ansi=self.flags.ansi != "never")

    def color(self) -> bool:
        if self.flags.ansi == "always":
            return True
        return self.flags.ansi == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def out(self, text: str) -> None:
        sys.stdout.write(text + "\n")

    def err(self, text: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
