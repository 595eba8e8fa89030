"""The instructions that change only the settings: what each does to them, and its line in the history.

`apply` returns the comment docker's classic builder writes (`#(nop)  ENV a=b`); WORKDIR is here too, its
directory is made by the builder.
"""

from __future__ import annotations

import json
import posixpath
import re
import signal
from collections.abc import Mapping
from typing import Final

from hythe.build.arguments import Scope
from hythe.build.settings import HealthSettings, Settings
from hythe.build.syntax.expand import expand, expand_words
from hythe.build.syntax.nodes import Arg, Assign, Healthcheck, Instruction, Onbuild, Start, Text, Words
from hythe.build.syntax.position import Position, Word

_PORT: Final = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?$", re.IGNORECASE)
_REALTIME: Final = re.compile(r"^(?:SIG)?RT(?:MIN(?:\+\d{1,2})?|MAX(?:-\d{1,2})?)$")
_MAX_ID: Final = 2**31 - 1


class Describer:
    """Applies instructions to the settings of one stage."""

    def __init__(self, settings: Settings, scope: Scope, escape: str) -> None:
        self.settings, self.scope, self._escape = settings, scope, escape
        self.author = ""
        self._command_set = False

    def values(self) -> Mapping[str, str]:
        """What variables stand for: arguments, and over them the environment."""
        return self.scope.values() | self.settings.environment()

    def expand(self, word: Word) -> str:
        return expand(word, self.values(), self._escape)

    def apply(self, step: Instruction) -> str:
        """Change the settings as `step` says; the comment for the history."""
        if isinstance(step, Assign):
            return self._assign(step)
        if isinstance(step, Arg):
            return self._arg(step)
        if isinstance(step, Start):
            return self._start(step)
        if isinstance(step, Words):
            return self._words(step)
        if isinstance(step, Text):
            return self._text(step)
        if isinstance(step, Healthcheck):
            return self._health(step)
        if isinstance(step, Onbuild):
            self.settings.triggers.append(step.trigger)
            return f"ONBUILD {step.trigger}"
        raise AssertionError(f"{step.name} does more than describe")

    def _assign(self, step: Assign) -> str:
        values = self.values()  # one line sees the values from before it (reference, "ENV")
        texts = []
        for name_word, value_word in step.pairs:
            name = expand(name_word, values, self._escape)
            value = expand(value_word, values, self._escape)
            if not name:
                raise name_word.at.problem(f"{step.name} names can not be blank")
            if step.name == "ENV":
                self.settings.set_env(name, value)
            else:
                self.settings.labels[name] = value
            texts.append(f"{name}={value}")
        return f"{step.name} {' '.join(texts)}"

    def _arg(self, step: Arg) -> str:
        texts = []
        for name, default in step.items:
            value = None if default is None else self.expand(default)
            self.scope.declare(name.text, value)
            texts.append(name.text if value is None else f"{name.text}={value}")
        return f"ARG {' '.join(texts)}"

    def _start(self, step: Start) -> str:
        words = list(step.command.words)
        if step.command.shell and words:
            words = [*self.settings.shell_words(), *words]
        if step.name == "SHELL":
            self.settings.shell = words
            return f"SHELL [{' '.join(words)}]"
        if step.name == "CMD":
            self.settings.command = words
            self._command_set = True
        else:
            self.settings.entrypoint = words or None
            if not self._command_set:
                self.settings.command = None  # an inherited CMD belongs to the old entry point
        return f"{step.name} {_quoted(words)}"

    def _words(self, step: Words) -> str:
        if step.name == "VOLUME":
            paths = [self.expand(word) for word in step.values]
            for path, word in zip(paths, step.values, strict=True):
                if not path.strip():
                    raise word.at.problem("VOLUME specified can not be an empty string")
                if path not in self.settings.volumes:
                    self.settings.volumes.append(path)
            return f"VOLUME [{' '.join(paths)}]"
        texts = []
        for word in step.values:
            for text in expand_words(word, self.values(), self._escape):
                texts.append(text)
                for port in _ports(text, word.at):
                    if port not in self.settings.exposed:
                        self.settings.exposed.append(port)
        return f"EXPOSE {' '.join(texts)}"

    def _text(self, step: Text) -> str:
        value = self.expand(step.value) if step.name != "MAINTAINER" else step.value.text
        if not value.strip():
            raise step.value.at.problem(f"{step.name} is empty after its variables were replaced")
        if step.name == "USER":
            _check_user(value, step.value.at)
            self.settings.user = value
        elif step.name == "WORKDIR":
            value = posixpath.normpath(posixpath.join("/", self.settings.working_dir, value))
            value = "/" + value.lstrip("/")
            self.settings.working_dir = value
        elif step.name == "STOPSIGNAL":
            _check_signal(value, step.value.at)
            self.settings.stop_signal = value
        else:
            self.author = value
        return f"{step.name} {value}"

    def _health(self, step: Healthcheck) -> str:
        self.settings.health = HealthSettings(
            step.test, step.interval, step.timeout, step.start_period, step.start_interval, step.retries
        )
        return f"HEALTHCHECK {_quoted(list(step.test))}"


def _quoted(words: list[str]) -> str:
    """A list as docker writes it into the history: ["a" "b"]."""
    return "[" + " ".join(json.dumps(word, ensure_ascii=False) for word in words) + "]"


def _ports(text: str, at: Position) -> list[str]:
    match = _PORT.match(text)
    low = int(match[1]) if match else 0
    high = int(match[2]) if match and match[2] else low
    if match is None or not 1 <= low <= high <= 65535:
        raise at.problem(
            f"invalid containerPort: {text}", "write a port from 1 to 65535, such as 80 or 53/udp"
        )
    return [f"{port}/{(match[3] or 'tcp').lower()}" for port in range(low, high + 1)]


def _check_user(value: str, at: Position) -> None:
    """Numbers beyond what the kernel keeps would wrap around, at worst to root (CVE-2024-40635)."""
    for part in value.split(":"):
        if part.isdecimal() and int(part) > _MAX_ID:
            raise at.problem(f"user or group id {part} is out of range", f"ids go from 0 to {_MAX_ID}")


def _check_signal(value: str, at: Position) -> None:
    name = value.upper()
    known = {member.name for member in signal.Signals}
    if value.isdecimal():
        good = 1 <= int(value) <= 64
    else:
        good = name in known or f"SIG{name}" in known or _REALTIME.match(name) is not None
    if not good:
        raise at.problem(f"invalid signal: {value}", "write a name such as SIGQUIT or a number from 1 to 64")
