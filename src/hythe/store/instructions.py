"""The instructions that `docker import --change` and `docker commit --change` apply to an image's configuration.

One instruction a line, in Dockerfile's words, without variables and continuation lines: those belong to files, and
to the builder.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable
from typing import Final

from hythe.errors import InvalidArgument, Unsupported
from hythe.oci.image import RunConfig

_SHELL: Final = ["/bin/sh", "-c"]


def apply_changes(config: RunConfig, lines: Iterable[str]) -> None:
    """Change `config` as the lines say: an entrypoint drops the command that none of them gives.

    Raises InvalidArgument, Unsupported.
    """
    words = set()
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        apply = _INSTRUCTIONS.get(word.upper())
        if apply is None:
            raise Unsupported(f"{word or 'an empty line'} is not supported as a change", hint=_HINT)
        if not rest.strip():
            raise InvalidArgument(f"the change {line!r} lacks its argument")
        apply(config, rest.strip())
        words.add(word.upper())
    if "ENTRYPOINT" in words and "CMD" not in words:
        config.cmd = None


def _words(config: RunConfig, rest: str) -> list[str]:
    """The JSON form, or the command for a shell."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    return [*(config.shell or _SHELL), rest]


def _strings(rest: str) -> list[str]:
    """Words, or a JSON list of them."""
    words = _words(RunConfig(), rest) if rest.startswith("[") else shlex.split(rest)
    return words if words[: len(_SHELL)] != _SHELL else shlex.split(rest)


def _pairs(rest: str) -> dict[str, str]:
    """`name=value ...` with quotes, or the old form `name value`."""
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise InvalidArgument(f"cannot read {rest!r}: {error}", hint="close the quotes") from error
    if "=" not in words[0]:
        name, _, value = rest.partition(" ")
        return {name: value.strip()}
    if not all(word.partition("=")[0] and "=" in word for word in words):
        raise InvalidArgument(f"cannot read {rest!r}", hint="write NAME=value, with quotes around spaces")
    return dict(word.split("=", 1) for word in words)


def _cmd(config: RunConfig, rest: str) -> None:
    config.cmd = _words(config, rest)


def _entrypoint(config: RunConfig, rest: str) -> None:
    config.entrypoint = _words(config, rest) or None


def _shell(config: RunConfig, rest: str) -> None:
    if not rest.startswith("["):
        raise InvalidArgument("SHELL requires the arguments to be in JSON form")
    config.shell = _words(config, rest)


def _env(config: RunConfig, rest: str) -> None:
    merged = {entry.partition("=")[0]: entry for entry in config.env or []}
    merged |= {name: f"{name}={value}" for name, value in _pairs(rest).items()}
    config.env = list(merged.values())


def _label(config: RunConfig, rest: str) -> None:
    config.labels = (config.labels or {}) | _pairs(rest)


def _expose(config: RunConfig, rest: str) -> None:
    ports = dict(config.exposed_ports or {})
    for word in rest.split():
        number, _, protocol = word.partition("/")
        if (
            not number.isdecimal()
            or not 0 < int(number) < 65536
            or protocol.lower() not in ("", "tcp", "udp", "sctp")
        ):
            raise InvalidArgument(f"invalid port: {word!r}", hint="write a port such as 80 or 53/udp")
        ports[f"{int(number)}/{protocol.lower() or 'tcp'}"] = {}
    config.exposed_ports = ports


def _volume(config: RunConfig, rest: str) -> None:
    config.volumes = (config.volumes or {}) | {path: {} for path in _strings(rest)}


def _user(config: RunConfig, rest: str) -> None:
    if any(part.isdecimal() and int(part) >= 1 << 31 for part in rest.split(":")):
        raise InvalidArgument(f"user or group id out of range: {rest}")
    config.user = rest


def _workdir(config: RunConfig, rest: str) -> None:
    config.working_dir = rest if rest.startswith("/") else f"{config.working_dir.rstrip('/')}/{rest}"


def _stopsignal(config: RunConfig, rest: str) -> None:
    config.stop_signal = rest


def _onbuild(config: RunConfig, rest: str) -> None:
    config.on_build = [*(config.on_build or []), rest]


_INSTRUCTIONS: Final[dict[str, Callable[[RunConfig, str], None]]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
_HINT: Final = "supported are " + ", ".join(_INSTRUCTIONS)
