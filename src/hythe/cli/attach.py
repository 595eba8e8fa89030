"""`hythe attach`: connect to a running container."""

from __future__ import annotations

from hythe.cli.foreground import Foreground
from hythe.cli.parsing import Parser
from hythe.cli.session import Session
from hythe.errors import Conflict


def attach(session: Session, argv: list[str]) -> int:
    """Its exit code is the container's, 0 when detached from."""
    parser = Parser(session, "attach", "[OPTIONS] CONTAINER", "Connect to a running container.")
    parser.flag("--no-stdin", help="output only")
    parser.text("--detach-keys", metavar="KEYS", help="leave it with these, default ctrl-p,ctrl-q")
    parser.flag("--sig-proxy", default=True, help="pass signals on; --sig-proxy=false: die of them")
    parser.add_argument("container", metavar="CONTAINER")
    options = parser.options(argv)
    found = session.client.containers.inspect(options.container)
    state, config = found["State"], found["Config"]
    if not state["Running"] or state.get("Paused"):
        why = "is paused" if state.get("Paused") else "is not running"
        verb = "unpause" if state.get("Paused") else "start"
        raise Conflict(f"container {options.container} {why}", hint=f"hythe {verb} {options.container}")
    tty = bool(config["Tty"])
    ground = Foreground(
        session.client, found["Id"], tty=tty, stdin=not options.no_stdin and bool(config["OpenStdin"]),
        stdout=True, stderr=True, detach_keys=options.detach_keys or session.preferences.get("detachKeys"),
        proxy=options.sig_proxy and not tty,
    )  # fmt: skip
    return ground.join()
