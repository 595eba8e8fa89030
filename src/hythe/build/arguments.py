"""Build arguments and their scope (Dockerfile reference, "ARG", "Scope", "Predefined ARGs").

An argument exists from its ARG line to the end of its stage, and in stages built FROM that. Its value is, in
this order: --build-arg, the default on its line, the value of the ARG of that name before the first FROM.
Proxy settings need no ARG line; they reach RUN, but neither the cache nor the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
PREDEFINED: Final = frozenset((*_PROXIES, *(name.lower() for name in _PROXIES)))


@dataclass
class Scope:
    """The arguments of one stage. `given` are --build-arg values, `outer` the ARGs before the first FROM."""

    given: Mapping[str, str]
    outer: Mapping[str, str]
    _declared: dict[str, str | None] = field(default_factory=dict)

    def declare(self, name: str, default: str | None) -> None:
        """An ARG line. Without any value the name is known but unset."""
        if name in self.given:
            self._declared[name] = self.given[name]
        elif default is not None:
            self._declared[name] = default
        else:
            self._declared[name] = self.outer.get(name)

    def values(self) -> dict[str, str]:
        """The declared arguments that have a value."""
        return {name: value for name, value in self._declared.items() if value is not None}

    def for_run(self, environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """What RUN gets beyond the environment, which wins: (arguments that count for the cache, proxies)."""
        counted = {name: value for name, value in self.values().items() if name not in environment}
        proxies = {
            name: value
            for name, value in self.given.items()
            if name in PREDEFINED and name not in environment and name not in counted
        }
        return counted, proxies

    def inherited(self) -> Scope:
        """The scope a stage starts with that is built FROM this one: its arguments stay declared."""
        return Scope(self.given, self.outer, dict(self._declared))


def unused(given: Mapping[str, str], declared: set[str]) -> list[str]:
    """Build arguments that no ARG line asked for, for docker's warning."""
    return sorted(name for name in given if name not in declared and name not in PREDEFINED)
