"""`hythe compose run`: a command in a new container of a service, after what the service depends on is up."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import replace
from typing import Any

from hythe.client.config.environment import environment, labels
from hythe.client.terminal import exchange
from hythe.compose import naming
from hythe.compose.arguments import Parser
from hythe.compose.bringup import BringUp, Request, hash_of
from hythe.compose.containers import Containers
from hythe.compose.document import text
from hythe.compose.images import Images
from hythe.compose.model import Project, Service
from hythe.compose.normalise.connections import ports
from hythe.compose.normalise.storage import short_mount
from hythe.compose.progress import Progress
from hythe.compose.resources import Resources
from hythe.compose.session import Session
from hythe.compose.state import Container, observe
from hythe.compose.watch import Watch


def main(session: Session, argv: list[str]) -> int:
    options = _options(argv)
    project = session.project([options.service])
    base = project.services[options.service]
    terminal = not options.no_tty and not options.detach and sys.stdin.isatty() and sys.stdout.isatty()
    service = _changed(base, options, project.working_dir, terminal=terminal)
    project = replace(project, services={**project.services, service.name: service})
    with session.progress(quiet=options.quiet) as progress:
        if not options.no_deps and base.depends_on:
            _dependencies(session, project, base, progress)
        container = _create(session, project, service, options, progress)
    if options.detach:
        session.client.containers.start(container.id)
        session.out(container.name)
        return 0
    return _attached(session, container, options, terminal=terminal)


def _options(argv: list[str]) -> Any:
    parser = Parser("run", "[OPTIONS] SERVICE [COMMAND] [ARGUMENT...]", "Run a command in a new container.")
    parser.flag("--rm", help="remove the container when it has ended")
    parser.flag("-d", "--detach", help="in the background; prints its name")
    parser.flag("-T", "--no-TTY", help="without a terminal")
    parser.flag("-i", "--interactive", help="accepted: it is so anyway")
    parser.flag("-t", "--tty", help="accepted: it is so anyway")
    parser.flag("-q", "--quiet", help="print nothing of our own")
    parser.flag("--quiet-pull", help="accepted")
    parser.flag("--build", help="build the image first")
    parser.flag("--no-deps", help="do not start what the service depends on")
    parser.flag("--service-ports", help="publish the service's ports")
    parser.flag("-P", help="accepted as --service-ports")
    parser.flag("--use-aliases", help="answer to the service's names")
    parser.flag("--remove-orphans", help="accepted")
    parser.many("-e", "--env", metavar="NAME[=VALUE]", help="environment variable")
    parser.many("-l", "--label", metavar="NAME=VALUE", help="label")
    parser.many("-p", "--publish", metavar="PORT", help="publish a port")
    parser.many("-v", "--volume", metavar="VOLUME", help="mount a volume")
    parser.many("--cap-add", metavar="CAP")
    parser.many("--cap-drop", metavar="CAP")
    parser.text("--entrypoint", metavar="COMMAND", help="instead of the image's")
    parser.text("--name", metavar="NAME", help="of the container")
    parser.text("-u", "--user", metavar="USER", help="user[:group] to run as")
    parser.text("-w", "--workdir", metavar="DIR", help="working directory")
    parser.add_argument("service", metavar="SERVICE")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    options.no_tty = options.no_TTY
    return options


def _changed(service: Service, options: Any, folder: str, *, terminal: bool) -> Service:
    """The service as the flags want it for this once."""
    given = dict(pair.partition("=")[::2] for pair in environment(options.env, [], os.environ))
    more = [text(one, service.place) for one in options.volume]
    published = ports(_items(options.publish))
    changes: dict[str, Any] = {
        "environment": {**service.environment, **given},
        "labels": {**service.labels, **labels(options.label)},
        "volumes": (*service.volumes, *(short_mount(one, folder) for one in more)),
        "ports": (*(service.ports if options.service_ports or options.P else ()), *published),
        "cap_add": (*service.cap_add, *options.cap_add),
        "cap_drop": (*service.cap_drop, *options.cap_drop),
        "tty": terminal,
        "stdin_open": not options.detach,
        "restart": None,
        "container_name": None,
        "scale": None,
    }
    if options.command:
        changes["command"] = tuple(options.command)
    if options.entrypoint is not None:
        changes["entrypoint"] = tuple(shlex.split(options.entrypoint))
        changes.setdefault("command", ())
    said = {"user": options.user, "working_dir": options.workdir}
    changes.update({key: value for key, value in said.items() if value is not None})
    return replace(service, **changes)


def _items(texts: list[str]) -> Any:
    from hythe.compose.document import Items, Place

    return Items(tuple(text(one, Place("-p")) for one in texts), Place("-p"))


def _dependencies(session: Session, project: Project, service: Service, progress: Progress) -> None:
    """Bring up what the service depends on, and wait for the conditions."""
    names = [name for name in service.depends_on if name in project.services]
    watch = Watch(session.client, project.name)
    bring = BringUp(session.client, project, progress)
    bring.create(Request(services=names))
    bring.start(watch)
    bring.fulfil(watch, service)


def _create(
    session: Session, project: Project, service: Service, options: Any, progress: Progress
) -> Container:
    images = Images(session.client, project, progress)
    images.ensure([service], build=True if options.build else None)
    resources = Resources(session.client, project, progress)
    for key in service.networks:
        resources.network(project.networks[key])
    for mount in service.volumes:
        if mount.type == "volume" and mount.source in project.volumes:
            resources.volume(project.volumes[mount.source])
    containers = Containers(
        session.client, project, progress, hashes={service.name: hash_of(project, service)},
        images={service.name: images.id(service)},
    )  # fmt: skip
    for one in observe(session.client, project.name, volumes=False).containers:
        if not one.oneoff:
            containers.know(one)
    name, slug = naming.one_off(project, service)
    return containers.run_once(service, options.name or name, slug, ports=True, aliases=options.use_aliases)


def _attached(session: Session, container: Container, options: Any, *, terminal: bool) -> int:
    """Start it with our streams; its exit code."""
    containers = session.client.containers
    try:
        with containers.attach(container.id, stdin=True) as streams:
            waiter = containers.waiter(container.id, "next-exit")
            containers.start(container.id)
            exchange(
                streams, tty=terminal, stdin=True,
                resize=lambda height, width: containers.resize(container.id, height, width),
            )  # fmt: skip
            return waiter.result()
    finally:
        if options.rm:
            containers.remove(container.id, force=True, volumes=True)
