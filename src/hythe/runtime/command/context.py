"""What every verb is given: the global flags' values."""

from __future__ import annotations

from typing import NamedTuple

from hythe.runtime.command.flags import Flag

GLOBAL: tuple[Flag, ...] = (
    ("root", "text", "folder for the state of containers, on a tmpfs (default: /run/hythe-runtime)"),
    ("log", "text", "file to append log lines to, instead of standard error"),
    ("log-format", "text", "text (default) or json"),
    ("debug", "switch", "log more"),
    ("systemd-cgroup", "switch", "refused: control groups are made by hythe itself"),
    ("rootless", "text", "accepted for runc's sake; nothing depends on it"),
    ("criu", "text", "accepted for runc's sake; nothing depends on it"),
    ("version v", "switch", "print the version"),
)


class Context(NamedTuple):
    """`root` is absolute."""

    root: str
    log: str
    json_log: bool
    debug: bool
