"""What an image says about the containers made from it, while it is being built.

These are the fields of the image configuration's `config` object (OCI image-spec, config.md, and docker's
additions Healthcheck, Shell, OnBuild) in a form that instructions can change. `result.py` turns them into the
stored document and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

DEFAULT_SHELL: Final = ("/bin/sh", "-c")


@dataclass(frozen=True)
class HealthSettings:
    """Nanoseconds; 0 is "as the engine says"."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass
class Settings:
    """`command` and `entrypoint` None: not set. `env` holds "NAME=value" in the order of first setting."""

    env: list[str] = field(default_factory=list)
    command: list[str] | None = None
    entrypoint: list[str] | None = None
    user: str = ""
    working_dir: str = ""
    exposed: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    shell: list[str] | None = None
    stop_signal: str = ""
    health: HealthSettings | None = None
    triggers: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The environment as a mapping; a later entry of the same name wins."""
        pairs = (entry.partition("=") for entry in self.env)
        return {name: value for name, _, value in pairs}

    def set_env(self, name: str, value: str) -> None:
        """Replace the variable where it stands, or add it at the end."""
        entry = f"{name}={value}"
        for index, existing in enumerate(self.env):
            if existing.partition("=")[0] == name:
                self.env[index] = entry
                return
        self.env.append(entry)

    def shell_words(self) -> list[str]:
        """The words before a command line in the shell form."""
        return list(self.shell or DEFAULT_SHELL)
