"""The folder of the client's configuration, which docker's client has too, and its config.json.

~/.docker, unless --config or DOCKER_CONFIG names another. Only what is said here is read, and of config.json all that
is not changed here stays as it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from typing import Any, Final

from hythe.errors import SyntaxProblem, SystemProblem

_PROXIES: Final = {
    "httpProxy": "HTTP_PROXY", "httpsProxy": "HTTPS_PROXY", "noProxy": "NO_PROXY", "ftpProxy": "FTP_PROXY",
    "allProxy": "ALL_PROXY",
}  # fmt: skip

Json = dict[str, Any]


def folder(chosen: str | None = None) -> str:
    """The folder; it may not be there."""
    return chosen or os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111 - no pathlib here


def read(where: str) -> Json:
    """config.json of that folder; {} where there is none."""
    path = f"{where}/config.json"
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SystemProblem(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        raise SyntaxProblem(
            "it is not JSON",
            file=path,
            line=line,
            column=column,
            hint=f"mend it, or move it away: mv {path} {path}.bad",
        ) from error
    return value if isinstance(value, dict) else {}


def current_context(where: str) -> str:
    """The context that was chosen with `context use`, "" for none."""
    return str(read(where).get("currentContext") or "")


def proxies(value: Json, host: str, given: Collection[str]) -> dict[str, str]:
    """The environment that config.json's "proxies" asks for in containers: those of this daemon's address, or the
    default ones, in capitals and not, but for the names in `given`.
    """
    every = value.get("proxies") or {}
    chosen = every.get(host) or every.get("default") or {}
    found = {name: str(chosen.get(key) or "") for key, name in _PROXIES.items()}
    both = {each: text for name, text in found.items() if text for each in (name, name.lower())}
    return {name: text for name, text in both.items() if name not in given}


def choose_context(where: str, name: str) -> None:
    """Keep it as the current one; "" takes the choice back."""
    value = read(where)
    if name:
        value["currentContext"] = name
    else:
        value.pop("currentContext", None)
    write(where, value)


def write(where: str, value: Json) -> None:
    """config.json, whole or not at all; readable by its owner alone, for credentials may be in it."""
    from pathlib import Path

    from hythe.base.files import write_atomic

    os.makedirs(where, 0o700, exist_ok=True)  # noqa: PTH103 - no pathlib in the short-lived client
    text = json.dumps(value, indent="\t", ensure_ascii=False)
    write_atomic(Path(where, "config.json").resolve(), text.encode(), 0o600)
