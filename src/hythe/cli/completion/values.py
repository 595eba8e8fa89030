"""What there is of each kind of value: names that the daemon knows, files, or a short list of words."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from hythe.cli.completion import names
from hythe.cli.globals import LEVELS

if TYPE_CHECKING:
    from hythe.cli.completion.engine import Answer

Candidates = list[tuple[str, str]]
Path = tuple[str, ...]

_WORDS: Final = {
    "--restart": "no always unless-stopped on-failure", "--pull": "always missing never",
    "--progress": "auto plain tty rawjson", "--log-driver": "local json-file none journald",
    "--ipc": "host private shareable none container:", "--pid": "host container:", "--uts": "host",
    "--userns": "host private", "--cgroupns": "host private", "--attach": "stdin stdout stderr",
    "--type": "container image network volume", "--format": "json table", "--platform": "linux/amd64 linux/arm64",
    "--signal": "HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH", "--isolation": "default",
    "--stop-signal": "TERM INT QUIT HUP KILL", "--security-opt": "no-new-privileges seccomp= apparmor= label=",
    "--cap-add": "ALL NET_ADMIN SYS_ADMIN SYS_PTRACE SYS_TIME NET_RAW IPC_LOCK SYS_NICE SYS_RESOURCE",
    "--cap-drop": "ALL CHOWN DAC_OVERRIDE FOWNER MKNOD NET_RAW SETGID SETUID SYS_CHROOT KILL",
}  # fmt: skip
_DRIVERS: Final = "bridge macvlan ipvlan overlay"
_FILTERS: Final = {
    "ps": "ancestor= before= expose= exited= health= id= label= name= network= publish= since= status= volume=",
    "images": "before= dangling= label= reference= since= until=", "image": "until= label=",
    "container": "until= label=", "network": "dangling= driver= id= label= name= scope= type=",
    "volume": "dangling= driver= label= name=", "builder": "until=", "system": "until= label=",
    "events": "container= daemon= event= image= label= network= scope= type= volume=",
}  # fmt: skip
_LISTED: Final[dict[Path, str]] = {
    ("container", "ls"): "ps",
    ("image", "ls"): "images",
    ("system", "events"): "events",
}

#: Arguments that are the names of images, under a metavar that says less.
_IMAGES: Final[set[Path]] = {("push",), ("image", "push"), ("pull",), ("image", "pull")}


def kind(path: Path, action: argparse.Action) -> str:
    """What a flag's value or an argument is: a name of `_WORDS`, "filter", or its metavar."""
    for name in action.option_strings:
        if name in _WORDS:
            return name
    if "--filter" in action.option_strings:
        return "filter"
    if "--driver" in action.option_strings and path[0] == "network":
        return "driver"
    if not action.option_strings and path in _IMAGES:
        return "IMAGE"
    return str(action.metavar or "")


def of(kind: str, word: str, choice: dict[str, Any], path: Path) -> Answer:
    from hythe.cli.completion.engine import Answer

    if kind in _WORDS:
        return _words(_WORDS[kind], word)
    if kind == "filter":
        return _words(_FILTERS.get(_LISTED.get(path, path[0]), ""), word)
    if kind == "driver":
        return _words(_DRIVERS, word)
    if kind == "LEVEL":
        return _words(" ".join(LEVELS), word)
    if kind == "SHELL":
        return _words("bash zsh fish", word)
    if kind in ("SOURCE", "DESTINATION"):
        found = [(f"{name}:", about) for name, about in names.containers(choice, "")]
        inside = "/" in word or ":" in word
        return Answer([] if inside else found, "files" if inside or not found else "nospace")
    if kind.startswith("SOURCE:"):
        volumes = [] if word.startswith(("/", ".", "~")) else names.volumes(choice)
        return Answer([(f"{name}:", about) for name, about in volumes], "nospace" if volumes else "files")
    if kind in ("DIR", "DIRECTORY"):
        return Answer([], "directories")
    if kind.startswith("FILE") or kind == "PATH":
        return Answer([], "files")
    return Answer(names.known(kind, choice, path[-1] if path else ""))


def _words(text: str, word: str) -> Answer:
    from hythe.cli.completion.engine import Answer

    words = [(each, "") for each in text.split() if each.startswith(word)]
    return Answer(words, "nospace" if words and all(each.endswith(("=", ":")) for each, _ in words) else "")
