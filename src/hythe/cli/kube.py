"""`hythe kube ...`: a Kubernetes cluster on this machine. Each command's own modules are imported when it runs."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import Conflict, Denied, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hythe.kube.cluster.membership import Membership
    from hythe.kube.cluster.places import Places
    from hythe.kube.cluster.settings import Settings

_DATA_DIR = "/var/lib/hythe/kube"
_AGENT_DIR = "/var/lib/hythe/kube-agent"


def up(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "up", "[OPTIONS]",
        "Bring a cluster up on this machine: an engine, an API server with controllers and a scheduler, and a node. "
        "Waits until the node is ready.",
    )  # fmt: skip
    _about_cluster(parser)
    parser.text(
        "--cri", metavar="unix://PATH", help="use this container runtime instead of hythe's own engine"
    )
    parser.flag("--foreground", help="stay, and end the cluster's programs with this one (its pods run on)")
    _about_program(parser)
    options = parser.options(argv)
    _need_root("hythe kube up")
    from hythe.kube.cluster import up as bringing
    from hythe.kube.cluster.make import alone

    begun = time.monotonic()
    with alone(_data(options)) as chosen:
        settings, places = _made(options, cri=options.cri)
        if pid := bringing.running(places):
            if options.foreground:
                raise Conflict(f"the cluster runs already, kept by process {pid}", hint="hythe kube status")
            session.out(f"the cluster in {places.data} runs already")
            return 0
        if options.foreground:
            bringing.supervise(settings, places, options.ready_fd, chosen)
            return 0
        bringing.start(places)
    for line in _next_steps(settings, places, time.monotonic() - begun):
        session.out(line)
    return 0


def down(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "down", "[OPTIONS]",
        "Take a cluster of this machine away: programs, pods, interfaces, rules, mounts and files.",
    )  # fmt: skip
    _about_place(parser)
    parser.flag("--keep-data", help="leave its files, from which `hythe kube up` brings it back")
    options = parser.options(argv)
    _need_root("hythe kube down")
    from hythe.kube.cluster.down import down as taking_down

    settings, places = _known(options)
    taking_down(settings, places, keep_data=options.keep_data)
    session.out(f"the cluster in {places.data} is {'stopped' if options.keep_data else 'gone'}")
    return 0


def server(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "server", "[OPTIONS]",
        "Run a cluster's control plane in the foreground: API server, controllers, scheduler.",
    )  # fmt: skip
    _about_cluster(parser)
    parser.text("--write-kubeconfig", metavar="FILE", help="where the administrator's kubeconfig goes")
    _about_program(parser)
    options = parser.options(argv)
    from hythe.kube.cluster import program

    settings, places = _made(options)
    file = Path(options.write_kubeconfig).absolute() if options.write_kubeconfig else None

    async def main(ready: Any, stopping: Any) -> None:
        from hythe.kube.cluster import server as serving

        await serving.run(settings, places, file, ready, stopping)

    return program.run("server", main, options.ready_fd, options.log_level)


def agent(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "agent", "[OPTIONS]",
        "Run a node in the foreground: kubelet, service proxy, cluster DNS.",
    )  # fmt: skip
    _about_place(parser)
    parser.text("--server", metavar="URL", help="the cluster's API server, https://HOST:PORT")
    parser.text(
        "--token", metavar="TOKEN", help="from `hythe kube token` on the server; needed to join, not to start"
    )
    parser.text(
        "--cri", metavar="unix://PATH", help="the container runtime: `hythe daemon --cri`, or another's"
    )
    parser.text("--node-name", metavar="NAME", help="the node's name (default: the host's)")
    parser.text(
        "--node-ip", metavar="ADDRESS", help="this machine's address for others (default: its own choice)"
    )
    parser.flag("--local", help="be the node beside the server whose data directory this is")
    _about_program(parser)
    options = parser.options(argv)
    _need_root("hythe kube agent")
    from hythe.kube.cluster import program

    belong = _beside(options) if options.local else _joined(options)

    async def main(ready: Any, stopping: Any) -> None:
        from hythe.kube.cluster import agent as taking_part

        await taking_part.run(await belong(), ready, stopping)

    return program.run("agent", main, options.ready_fd, options.log_level)


def _beside(options: Any) -> Callable[[], Coroutine[Any, Any, Membership]]:
    settings, places = _known(options)

    async def belong() -> Membership:
        from hythe.kube.cluster.membership import local

        return local(settings, places)

    return belong


def _joined(options: Any) -> Callable[[], Coroutine[Any, Any, Membership]]:
    from hythe.kube.cluster import addressing, tokens

    if not options.server or not options.cri:
        raise InvalidArgument(
            "a node needs a server and a container runtime",
            hint="hythe kube agent --server https://HOST:6443 --token TOKEN --cri unix:///PATH",
        )
    token = tokens.parse(options.token) if options.token else None
    name = options.node_name or addressing.node_name()
    address = options.node_ip or addressing.node_address()

    async def belong() -> Membership:
        from hythe.kube.cluster.joining import join

        folder = Path(options.data_dir or _AGENT_DIR).absolute()
        return await join(folder, options.server, token, node=name, address=address, cri=options.cri)

    return belong


def token(session: Session, argv: list[str]) -> int:
    parser = Parser(
        session, "token", "[OPTIONS]", "Print the token by which other machines join a cluster as nodes."
    )
    _about_place(parser)
    options = parser.options(argv)
    from hythe.kube.cluster import tokens
    from hythe.kube.cluster.certificates import cluster_pki

    settings, places = _known(options)
    authority = cluster_pki(settings, places).ca_file.read_bytes()
    session.out(tokens.parse(settings.token)._replace(authority=tokens.digest(authority)).text)
    return 0


def status(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "status", "[OPTIONS]", "Show whether a cluster of this machine runs, and where.")
    _about_place(parser)
    parser.text("--format", metavar="table|json", help="how to print it (default: table)")
    options = parser.options(argv)
    if options.format not in (None, "table", "json"):
        raise InvalidArgument(f"invalid --format: {options.format!r}", hint="use table or json")
    from hythe.kube.cluster.status import status as looking

    settings, places = _known(options)
    found = looking(settings, places)
    if options.format == "json":
        import json

        session.out(json.dumps(found, indent=2))
    else:
        width = max(len(name) for name in found)
        for name, value in found.items():
            session.out(f"{name:<{width}}  {value}")
    return 0 if found["state"] == "ready" else 1


def kubeconfig(session: Session, argv: list[str]) -> int:
    parser = Parser(session, "kubeconfig", "[OPTIONS]", "Print the administrator's kubeconfig of a cluster.")
    _about_place(parser)
    parser.text("--server", metavar="URL", help="the server's URL in it (default: this machine's loopback)")
    options = parser.options(argv)
    from hythe.kube.cluster.certificates import admin_kubeconfig

    settings, places = _known(options)
    session.out(admin_kubeconfig(settings, places, options.server or "").decode().rstrip("\n"))
    return 0


def _about_place(parser: Parser) -> None:
    parser.text("--data-dir", metavar="DIR", help=f"where the cluster keeps its files (default: {_DATA_DIR})")


def _about_cluster(parser: Parser) -> None:
    _about_place(parser)
    parser.text(
        "--datastore",
        metavar="URL",
        help="sqlite:///FILE or etcd://HOST:PORT,... (default: a file in the data directory)",
    )
    parser.text("--bind", metavar="ADDRESS", help="where the API server listens (default: everywhere)")
    parser.number("--port", metavar="N", help="its port (default: the first that is free from 6443 on)")
    parser.text(
        "--node-ip", metavar="ADDRESS", help="this machine's address for others (default: its own choice)"
    )
    parser.text("--node-name", metavar="NAME", help="the node's name (default: the host's)")
    parser.text(
        "--service-cidr", metavar="CIDR", help="addresses of services (default: a free /16 of 10.96.0.0/12)"
    )
    parser.text(
        "--cluster-cidr", metavar="CIDR", help="addresses of pods (default: a free /16 of 10.240.0.0/12)"
    )
    parser.text("--token", metavar="TOKEN", help="by which nodes join, ID.SECRET (default: a new one)")


def _about_program(parser: Parser) -> None:
    parser.text(
        "--log-level", metavar="LEVEL", help="debug, info, warning or error (default: info)", default="info"
    )
    parser.number("--ready-fd", metavar="N", help="write a byte to this descriptor once it is ready")


_KEYS = ("datastore", "bind", "port", "node_ip", "node_name", "service_cidr", "cluster_cidr", "token")


def _data(options: Any) -> Path:
    return Path(options.data_dir or _DATA_DIR).absolute()


def _made(options: Any, **further: Any) -> tuple[Settings, Places]:
    """The cluster in the data directory, made if there is none."""
    from hythe.kube.cluster.make import settings_of
    from hythe.kube.cluster.places import Places

    wanted = {key: getattr(options, key) for key in _KEYS} | further
    settings = settings_of(_data(options), wanted)
    return settings, Places(_data(options), settings.id)


def _known(options: Any) -> tuple[Settings, Places]:
    """The cluster in the data directory. Raises NotFound if there is none."""
    from hythe.kube.cluster.places import Places
    from hythe.kube.cluster.settings import load

    settings = load(_data(options))
    return settings, Places(_data(options), settings.id)


def _need_root(command: str) -> None:
    if os.geteuid() != 0:
        raise Denied(
            f"{command} needs root, for networks and mounts",
            hint=f"sudo {shlex.join(['hythe', *sys.argv[1:]])}",
        )


def _next_steps(settings: Settings, places: Places, seconds: float) -> list[str]:
    lines = [
        f"The cluster is up ({seconds:.1f} s): node {settings.node_name}, {settings.url}",
        "",
        f"  export KUBECONFIG={places.kubeconfig}",
        "  kubectl get nodes",
    ]
    if not settings.cri:
        lines.append(f"  hythe -H {places.engine_host} build -t app .      an image that its pods can use")
    data = "" if str(places.data) == _DATA_DIR else f" --data-dir {places.data}"
    return [*lines, f"  hythe kube down{data}      all of it away again"]
