"""Where a plugin of a name is.

It listens on a socket of its name in one of the plugin directories, NAME.sock or NAME/NAME.sock, or a file there says
where: NAME.spec ("unix:///path" or "tcp://127.0.0.1:1234") or NAME.json ({"Addr": ...}).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hythe.errors import InvalidArgument

DIRECTORIES: Final = tuple(
    map(Path, ("/run/docker/plugins", "/etc/docker/plugins", "/usr/lib/docker/plugins"))
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_name(name: str) -> None:
    """Raises InvalidArgument for what cannot be a plugin's."""
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"invalid authorization plugin {name!r}", hint="a name of letters, digits, _ . and -"
        )


def find(name: str, directories: Sequence[Path]) -> str:
    """Its address, "unix:///..." or "tcp://...". Raises ValueError where there is none."""
    for folder in directories:
        for path in (folder / f"{name}.sock", folder / name / f"{name}.sock"):
            if path.is_socket():
                return f"unix://{path}"
        if (spec := folder / f"{name}.spec").is_file():
            return spec.read_text().strip()
        if (described := folder / f"{name}.json").is_file():
            return _described(described)
    raise ValueError(f"there is no {name}.sock, .spec or .json in {', '.join(map(str, directories))}")


def _described(file: Path) -> str:
    found = json.loads(file.read_text())
    if not isinstance(found, dict) or not isinstance(found.get("Addr"), str):
        raise ValueError(f"{file} has no Addr")
    if found.get("TLSConfig"):
        raise ValueError(f"{file} wants TLS, which is not supported for plugins")
    return str(found["Addr"])
