"""Names and labels, exactly those of docker compose v2, so that both see each other's projects.

container  PROJECT-SERVICE-N     network  PROJECT_KEY     volume  PROJECT_KEY     image  PROJECT-SERVICE
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hythe.base.ids import random_hex
from hythe.compose.model import Project, Service
from hythe.errors import InvalidArgument

_PREFIX: Final = "com.docker.compose."
PROJECT: Final = f"{_PREFIX}project"
SERVICE: Final = f"{_PREFIX}service"
NUMBER: Final = f"{_PREFIX}container-number"
ONEOFF: Final = f"{_PREFIX}oneoff"
HASH: Final = f"{_PREFIX}config-hash"
WORKING_DIR: Final = f"{_PREFIX}project.working_dir"
CONFIG_FILES: Final = f"{_PREFIX}project.config_files"
DEPENDS_ON: Final = f"{_PREFIX}depends_on"
IMAGE: Final = f"{_PREFIX}image"
VERSION: Final = f"{_PREFIX}version"
SLUG: Final = f"{_PREFIX}slug"
REPLACE: Final = f"{_PREFIX}replace"
NETWORK: Final = f"{_PREFIX}network"
VOLUME: Final = f"{_PREFIX}volume"
# The Compose v2 release whose labels and names these are: other tools compare it.
COMPATIBLE_VERSION: Final = "2.39.0"
_VALID: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")


def project_name(given: str | None, variables: Mapping[str, str], declared: str | None, folder: str) -> str:
    """-p, COMPOSE_PROJECT_NAME, `name:` of the file, or the folder's name made to fit."""
    for name, where in (
        (given, "-p"), (variables.get("COMPOSE_PROJECT_NAME"), "COMPOSE_PROJECT_NAME"), (declared, "name"),
    ):  # fmt: skip
        if name:
            return checked(name, where)
    fitted = re.sub(r"[^a-z0-9_-]", "", Path(folder).name.lower()).lstrip("_-")
    if not fitted:
        raise InvalidArgument(
            f"the folder's name {Path(folder).name!r} gives no project name", hint="name it with -p NAME"
        )
    return fitted


def checked(name: str, where: str) -> str:
    if not _VALID.fullmatch(name):
        raise InvalidArgument(
            f"invalid project name {name!r} ({where})",
            hint="use lower-case letters, digits, '-' and '_', beginning with a letter or digit",
        )
    return name


def container(project: Project, service: Service, number: int) -> str:
    return service.container_name or f"{project.name}-{service.name}-{number}"


def one_off(project: Project, service: Service) -> tuple[str, str]:
    """(name, slug) of a container for `run`."""
    slug = random_hex(32)
    return f"{project.name}-{service.name}-run-{slug[:12]}", slug


def image(project: Project, service: Service) -> str:
    """The image's name: as the file says, or of what is built."""
    return service.image or f"{project.name}-{service.name}"


def container_labels(
    project: Project, service: Service, *, number: int, config_hash: str, image_id: str, oneoff: bool = False
) -> dict[str, str]:
    """Compose's own labels of a container."""
    depends = ",".join(
        f"{name}:{dependency.condition}:{str(dependency.restart).lower()}"
        for name, dependency in sorted(service.depends_on.items())
    )
    return {
        PROJECT: project.name,
        SERVICE: service.name,
        NUMBER: str(number),
        ONEOFF: str(oneoff),
        HASH: config_hash,
        WORKING_DIR: project.working_dir,
        CONFIG_FILES: ",".join(project.files),
        DEPENDS_ON: depends,
        IMAGE: image_id,
        VERSION: COMPATIBLE_VERSION,
    }


def network_labels(project: Project, key: str) -> dict[str, str]:
    return {NETWORK: key, PROJECT: project.name, VERSION: COMPATIBLE_VERSION}


def volume_labels(project: Project, key: str) -> dict[str, str]:
    return {VOLUME: key, PROJECT: project.name, VERSION: COMPATIBLE_VERSION}
