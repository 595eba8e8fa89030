"""Log drivers: which there are, what may be asked of them, and what the warden is told.

    json-file   Docker's JSON lines, rotated; for whoever reads the file that `inspect` names
    local       frames, rotated; smaller, and bytes are kept as they are
    journald    systemd's journal, and frames as well, where `logs` reads
    none        nowhere
    cri         Kubernetes' lines in the file `path`, for an interface of its own: no user can ask for it

Files are rotated unless something else is said: five of 20 MiB each.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

from hythe.base.ids import short
from hythe.base.units import parse_size
from hythe.engine.model import Container, LogOptions
from hythe.engine.runtime import LogFile
from hythe.errors import InvalidArgument, Unsupported
from hythe.runtime.journal import SOCKET

_FILES: Final = ("max-size", "max-file", "compress")
_EVERY: Final = ("mode", "max-buffer-size")
_DESCRIBING: Final = ("labels", "labels-regex", "env", "env-regex", "tag")
OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "json-file": (*_FILES, *_DESCRIBING, *_EVERY),
    "local": (*_FILES, *_EVERY),
    "journald": (*_DESCRIBING, *_EVERY),
    "none": _EVERY,
}
CRI: Final = "cri"
_OTHERS: Final = ("awslogs", "fluentd", "gcplogs", "gelf", "logentries", "splunk", "syslog")
_SIZE, _COUNT = 20 * 1024 * 1024, 5
_TAG: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def check(log: LogOptions, journal: str = SOCKET) -> None:
    """Refuse what no driver here does. Raises InvalidArgument, Unsupported."""
    if log.driver == CRI:
        return
    if log.driver in _OTHERS:
        raise Unsupported(f"the log driver {log.driver!r} is not supported", hint=f"use {', '.join(OPTIONS)}")
    if log.driver not in OPTIONS:
        raise InvalidArgument(f"logger: no log driver named '{log.driver}' is registered")
    for key, value in log.options.items():
        if key not in OPTIONS[log.driver]:
            driver = "log driver local" if log.driver == "local" else f"{log.driver} log driver"
            raise InvalidArgument(f"unknown log opt '{key}' for {driver}")
        _check_value(key, value)
    if log.driver == "journald" and not _is_socket(journal):
        raise InvalidArgument(
            f"journald is not enabled on this host: there is no socket {journal}",
            hint="use json-file or local",
        )


def _check_value(key: str, value: str) -> None:
    if key == "max-size" and parse_size(value) <= 0:
        raise InvalidArgument(f"max-size must be larger than 0, not {value!r}")
    if key == "max-file" and not (value.isdigit() and int(value) > 0):
        raise InvalidArgument(f"max-file must be a number larger than 0, not {value!r}")
    if key == "compress" and value.lower() not in ("false", "f", "0"):
        raise Unsupported("the log opt compress=true is not supported", hint="rotated files stay as they are")
    if key == "mode" and value not in ("blocking", "non-blocking"):
        raise InvalidArgument(f"logger: logging mode not supported: {value}")
    if key.endswith("-regex"):
        _pattern(value)
    if key == "tag":
        _tag(value, dict.fromkeys(_TAG_NAMES, ""))


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return False


def log_file(record: Container, path: Path) -> LogFile:
    """What a container's options come to; `path` is where its files go."""
    log = record.spec.host.log
    if log.driver == CRI:
        return LogFile(CRI, Path(log.options["path"]), 0, 1)
    size, count = log.options.get("max-size"), log.options.get("max-file")
    described = _attributes(record)
    return LogFile(
        log.driver,
        path,
        parse_size(size) if size else _SIZE,
        int(count) if count else _COUNT,
        json.dumps(described) if described and log.driver == "json-file" else "",
        _journal(record, described) if log.driver == "journald" else {},
    )


def details(record: Container) -> str:
    """What describes each line of the log, as `logs --details` shows it: "app=shop,tag=web"."""
    described = sorted(_attributes(record).items())
    return ",".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in described)


def _journal(record: Container, described: Mapping[str, str]) -> dict[str, str]:
    """The fields of Docker's driver; names of labels and variables as the journal takes them."""
    shown = _tag(record.spec.host.log.options.get("tag") or "{{.ID}}", _tag_values(record))
    own = {re.sub(r"[^A-Z0-9_]", "_", name.upper()).lstrip("_"): value for name, value in described.items()}
    return {name: value for name, value in own.items() if name} | {
        "CONTAINER_ID": short(record.id),
        "CONTAINER_ID_FULL": record.id,
        "CONTAINER_NAME": record.name,
        "CONTAINER_TAG": shown,
        "IMAGE_NAME": record.spec.image,
        "SYSLOG_IDENTIFIER": shown,
    }


def _attributes(record: Container) -> dict[str, str]:
    """The labels and variables that the options `labels`, `env` and their patterns choose; for a file also the tag."""
    options, found = record.spec.host.log.options, dict[str, str]()
    variables = {name: value for name, _, value in (entry.partition("=") for entry in record.env)}
    for known, option in ((record.labels, "labels"), (variables, "env")):
        names = [name for name in options.get(option, "").split(",") if name]
        pattern = _pattern(options[f"{option}-regex"]) if f"{option}-regex" in options else None
        found |= {
            name: value
            for name, value in known.items()
            if name in names or (pattern is not None and pattern.search(name))
        }
    if options.get("tag") and record.spec.host.log.driver == "json-file":
        found["tag"] = _tag(options["tag"], _tag_values(record))
    return found


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidArgument(f"invalid pattern in a log opt: {text!r}: {error}") from error


_TAG_NAMES: Final = (
    ".ID",
    ".FullID",
    ".Name",
    ".FullName",
    ".ImageID",
    ".ImageFullID",
    ".ImageName",
    ".DaemonName",
)


def _tag_values(record: Container) -> dict[str, str]:
    image = record.image_id.removeprefix("sha256:")
    values = (
        short(record.id),
        record.id,
        record.name,
        f"/{record.name}",
        short(image),
        image,
        record.spec.image,
    )
    return dict(zip(_TAG_NAMES, (*values, "hythe"), strict=True))


def _tag(template: str, values: Mapping[str, str]) -> str:
    """Docker's log tags, as far as they are names alone. Raises Unsupported for any other template."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise Unsupported(
                f"the log tag {found[0]} is not supported", hint=f"use one of {', '.join(_TAG_NAMES)}"
            )
        return values[found[1]]

    return _TAG.sub(value, template)
