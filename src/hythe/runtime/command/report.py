"""Where errors and warnings go: the log, as logrus writes it, since callers of runc parse it.

Without --log a line goes to standard error. With it the line goes to that file, and the bare message of an
error to standard error too.
"""

from __future__ import annotations

import os
import time

from hythe.runtime.command.context import Context


def log(context: Context, level: str, message: str) -> None:
    """One line; "error" is also told on standard error. A log that cannot be written is passed over."""
    line = (_json_line if context.json_log else _text_line)(level, message)
    if not context.log:
        _write(2, line)
        return
    try:
        fd = os.open(context.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        _write(2, f"cannot open the log {context.log}: {error.strerror}\n")
    else:
        _write(fd, line)
        os.close(fd)
    if level == "error":
        _write(2, message + "\n")


def _write(fd: int, line: str) -> None:
    try:
        os.write(fd, line.encode(errors="replace"))
    except OSError:
        return  # nobody can be told


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _text_line(level: str, message: str) -> str:
    quoted = message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'time="{_now()}" level={level} msg="{quoted}"\n'


def _json_line(level: str, message: str) -> str:
    import json

    return json.dumps({"level": level, "msg": message, "time": _now()}) + "\n"
