"""The command line of an OCI runtime: what is common to runc, crun, youki and others. Pure.

The runtime keeps its state below the warden's own record of the container, so that both go together. Errors are
asked for as JSON in a file, since its standard error is the container's.
"""

from __future__ import annotations

import json
from typing import Final

from hythe.errors import CannotStart
from hythe.runtime.protocol import Program

ENVIRONMENT: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""All that it is given: what the daemon was started with is nobody's business in a container."""

_NOT_FOUND: Final = ("executable file not found", "no such file or directory")
_NOT_RUNNABLE: Final = ("permission denied", "exec format error", "is a directory", "not a directory")


def command(program: Program, state: str, log: str, words: list[str]) -> list[str]:
    """argv for one subcommand; `state` is the folder of its state, `log` the file for its errors."""
    common = ["--root", state, "--log", log, "--log-format", "json"]
    return [program["path"], *program["args"], *common, *words]


def last_error(log: str, printed: str) -> str:
    """The last error in the runtime's log, else the last line that it printed; "" for neither."""
    found = ""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in ("error", "fatal", "panic"):
            found = str(entry.get("msg", ""))
    return found or (printed.strip().splitlines() or [""])[-1]


def cannot_start(program: Program, verb: str, reason: str) -> CannotStart:
    """In docker's words and with its exit codes, which are told from the reason: there is nothing else to go by.

    Only what the reason says of the program itself counts, not a mount that was refused. Docker's clients tell the
    codes from its words in turn, so those are added where the runtime has others.
    """
    text, code, words = reason.lower(), 125, ""
    if "exec" in text or "executable" in text:
        if any(known in text for known in _NOT_FOUND):
            code, words = 127, "executable file not found in $PATH"
        elif any(known in text for known in _NOT_RUNNABLE):
            code, words = 126, "permission denied"
    told = not words or any(known in reason for known in (*_NOT_FOUND, *_NOT_RUNNABLE))
    why = reason if told else f"{reason}: {words}"
    return CannotStart(f"OCI runtime {verb} failed: {program['name']}: {why}", exit_code=code)
