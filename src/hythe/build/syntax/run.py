"""RUN: its forms, here-documents and --mount.

    RUN line            the shell form: the line goes to the SHELL
    RUN ["a", "b"]      the exec form
    RUN <<EOF           a script: its body goes to the SHELL, or is run itself when it begins with #!
    RUN cmd <<EOF       the shell sees the line and the here-document

What a mount's fields may be is checked here, before anything is run; variables in them are replaced later.
"""

from __future__ import annotations

import difflib
from typing import Final

from hythe.build.syntax import flags
from hythe.build.syntax.nodes import Command, Instruction, Run, RunMount
from hythe.build.syntax.position import Word
from hythe.build.syntax.source import Line
from hythe.build.syntax.words import NotStrings, json_array
from hythe.errors import Unsupported

FLAGS: Final = ("mount", "network", "security", "device")
_NETWORKS: Final = ("default", "none", "host")
_ALIASES: Final = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
    "rw": "readwrite",
}
_FIELDS: Final = {
    "bind": {"target", "source", "from", "readwrite", "readonly"},
    "cache": {"id", "target", "readonly", "readwrite", "sharing", "from", "source", "mode", "uid", "gid"},
    "tmpfs": {"target", "size"},
    "secret": {"id", "target", "required", "mode", "uid", "gid", "env"},
    "ssh": {"id", "target", "required", "mode", "uid", "gid"},
}
_SHARING: Final = ("shared", "private", "locked")
_BOOLEAN: Final = {"readonly", "readwrite", "required"}


def parse(line: Line, head: Instruction, offset: int, escape: str) -> Run:
    """The RUN whose flags begin at `offset`."""
    found = flags.cut(line, offset, "RUN", FLAGS, escape)
    if security := found.one("security"):
        raise Unsupported(
            f"{security.at}: RUN --security is not supported",
            hint="take it away: build steps run with the default capabilities and seccomp profile",
        )
    if device := found.one("device"):
        raise Unsupported(
            f"{device.at}: RUN --device is not supported",
            hint="take it away: build steps see no devices of the host",
        )
    network = found.one("network")
    if network is not None and network.text not in _NETWORKS:
        raise network.at.problem(
            f"unsupported network mode {network.text!r}", "it is one of default, none and host"
        )
    return Run(
        head.name,
        head.original,
        head.at,
        command=_command(line, found.rest),
        heredocs=tuple(line.heredocs),
        mounts=tuple(_mount(word) for word in found.many("mount")),
        network=network.text if network else "default",
    )


def _command(line: Line, offset: int) -> Command:
    text = line.text[offset:].strip()
    if not text:
        raise line.problem(0, "RUN requires at least one argument", "write the command to run")
    try:
        words = json_array(text)
    except NotStrings as error:
        raise line.problem(
            offset, "when using JSON array syntax, arrays must be comprised of strings only"
        ) from error
    if words is None:
        return Command((text,), shell=True)
    if not words:
        raise line.problem(offset, "RUN requires at least one argument", "write the command to run")
    return Command(tuple(words), shell=False)


def _mount(word: Word) -> RunMount:
    fields = {_ALIASES.get(key, key): value for key, value in flags.parse_csv(word).items()}
    kind = fields.pop("type", Word("bind", word.at))
    known = _FIELDS.get(kind.text)
    if known is None:
        raise kind.at.problem(
            f"unsupported mount type {kind.text!r}", "it is one of bind, cache, tmpfs and secret"
        )
    if kind.text == "ssh":
        raise Unsupported(
            f"{word.at}: RUN --mount=type=ssh is not supported",
            hint="hand the key over with --mount=type=secret",
        )
    for key, value in fields.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise value.at.problem(
                f"unexpected key {key!r} in mount of type {kind.text}",
                f"did you mean {near[0]}?" if near else "it takes " + ", ".join(sorted(known)),
            )
        if key in _BOOLEAN and value.text not in ("", "true", "false", "1", "0"):
            raise value.at.problem(f"invalid value for {key}: {value.text!r}", "write true or false")
    _require(word, kind.text, fields)
    return RunMount(kind.text, fields, word.at)


def _require(word: Word, kind: str, fields: dict[str, Word]) -> None:
    if kind in ("bind", "cache", "tmpfs") and not fields.get("target", word).text:
        raise word.at.problem(f"mount of type {kind} needs a target", "add target=/path")
    if kind != "secret" and "target" not in fields:
        raise word.at.problem(f"mount of type {kind} needs a target", "add target=/path")
    if kind == "secret" and "id" not in fields and "target" not in fields:
        raise word.at.problem("mount of type secret needs an id", "add id=NAME")
    if "from" in fields and "$" in fields["from"].text:
        raise fields["from"].at.problem("from= takes no variables", "name a stage with FROM $VAR AS name")
    sharing = fields.get("sharing")
    if sharing is not None and sharing.text not in _SHARING:
        raise sharing.at.problem(
            f"unsupported sharing value {sharing.text!r}", "it is one of " + ", ".join(_SHARING)
        )
