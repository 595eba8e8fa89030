"""The headers of every answer: which API version, which system and which server spoke."""

from __future__ import annotations

from typing import Final

from hythe import __version__
from hythe.api.docker.versioning import NEWEST

HEADERS: Final = {
    "Api-Version": str(NEWEST),
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": f"hythe/{__version__} (linux)",
}
