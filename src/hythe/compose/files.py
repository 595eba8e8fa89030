"""Which files make up the project, and the variables that hold in them.

-f, then COMPOSE_FILE, then compose.yaml and its older names here or in a folder above, with the override file
beside it. Variables are those of --env-file or the project's .env, and the caller's environment, which wins.
Source: docker's documentation, "Pre-defined environment variables" and "docker compose".
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hythe.compose import dotenv
from hythe.compose.interpolate import Warn
from hythe.errors import NotFound

_NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES: Final = (
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml",
    "docker-compose.override.yaml",
)  # fmt: skip
STDIN: Final = "-"


class NoComposeFile(NotFound):
    """There is no Compose file here, or none of the name given."""


@dataclass(frozen=True)
class Options:
    """What the global flags say. `environ` is the caller's environment, `folder` where the command runs."""

    files: Sequence[str] = ()
    project_name: str | None = None
    project_directory: str | None = None
    env_files: Sequence[str] = ()
    profiles: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: str = "."


@dataclass(frozen=True)
class Sources:
    """`files` are absolute, or "-"; `folder` is where relative paths begin."""

    files: tuple[str, ...]
    folder: str
    variables: Mapping[str, str]


def find(options: Options, warn: Warn) -> Sources:
    """The files and variables of a project. Raises NotFound where there is no file."""
    variables = _with_env_files(options, options.project_directory or options.folder, warn)
    chosen = list(options.files) or _from_variable(variables)
    if chosen:
        files = [_absolute(name, options.folder) for name in chosen]
        _check_exist(files)
    else:
        files = _search(options.project_directory or options.folder)
    folder = _folder(options, files)
    if not options.env_files and Path(folder) != Path(options.folder).absolute():
        variables = _with_env_files(options, folder, warn)
    return Sources(tuple(files), folder, variables)


def env_file_variables(paths: Sequence[str], environ: Mapping[str, str], warn: Warn) -> dict[str, str]:
    """The files' variables, later ones over earlier ones, and the environment over all."""
    result: dict[str, str] = {}
    for path in paths:
        found = dotenv.read(path, {**result, **environ}, warn)
        result.update({name: value for name, value in found.items() if value is not None})
    return {**result, **environ}


def _with_env_files(options: Options, folder: str, warn: Warn) -> Mapping[str, str]:
    given = list(options.env_files) or _split(options.environ.get("COMPOSE_ENV_FILES", ""), ",")
    if given:
        paths = [_absolute(name, options.folder) for name in given]
    else:
        default = Path(folder).absolute() / ".env"
        paths = [str(default)] if default.is_file() else []
    return env_file_variables(paths, options.environ, warn)


def _from_variable(variables: Mapping[str, str]) -> list[str]:
    separator = variables.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
    return _split(variables.get("COMPOSE_FILE", ""), separator)


def _split(text: str, separator: str) -> list[str]:
    return [part for part in text.split(separator) if part]


def _search(start: str) -> list[str]:
    folder = Path(start).absolute()
    for place in (folder, *folder.parents):
        for name in _NAMES:
            if (place / name).is_file():
                override = next((place / other for other in _OVERRIDES if (place / other).is_file()), None)
                return [str(place / name), *([str(override)] if override else [])]
    raise NoComposeFile(
        f"there is no Compose file in {folder} or above", hint="write a compose.yaml, or name one with -f"
    )


def _folder(options: Options, files: Sequence[str]) -> str:
    if options.project_directory:
        return _absolute(options.project_directory, options.folder)
    if files[0] == STDIN:
        return str(Path(options.folder).absolute())
    return str(Path(files[0]).parent)


def _absolute(name: str, folder: str) -> str:
    return name if name == STDIN else os.path.abspath(Path(folder) / name)  # noqa: PTH100 - ".." is to go


def _check_exist(files: Sequence[str]) -> None:
    for path in files:
        if path != STDIN and not Path(path).exists():
            raise NoComposeFile(f"there is no file {path}", hint="name an existing one with -f")
