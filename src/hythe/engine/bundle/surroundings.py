"""What the engine finds out about the host for one start of a container."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hythe.engine.usernamespaces import UserNamespace
from hythe.engine.users import ResolvedUser
from hythe.oci.spec import Mount


@dataclass(frozen=True)
class Surroundings:
    """What the engine found out for this start. Namespace values: "" = a new one, a path = join, "host" = none.

    `files` has the managed files (None: `folder`), `tmpfs` mount options by target, `volumes` how each named
    volume is mounted. `user_namespace` is None for the host's; `idmaps`: a mount option by bind source.
    `links`: variables of the environment that tell of other containers.
    """

    folder: Path
    cgroup: str
    user: ResolvedUser
    namespaces: dict[str, str] = field(default_factory=dict)
    files: Path | None = None
    tmpfs: dict[str, list[str]] = field(default_factory=dict)
    volumes: dict[str, Mount] = field(default_factory=dict)
    user_namespace: UserNamespace | None = None
    idmaps: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
