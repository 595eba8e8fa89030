"""Running the distribution's own tools (mmdebstrap, apt, tar) as children of the command line.

This is the one place where hythe runs other programs to do its work: making a root file system out of
packages is what these tools are for. Their output goes to a file, or straight through with `verbose`; when
one fails, the last lines of it are in the error.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from hythe.errors import SystemProblem, Unavailable

_LAST_LINES: Final = 12


def run(
    command: Sequence[str], what: str, *, cwd: Path | None = None, env: Mapping[str, str] | None = None,
    verbose: bool = False, hint: str | None = None,
) -> None:  # fmt: skip
    """Run to its end. `what` completes "cannot ..." in the error, which quotes the end of the output.

    `env` is the whole environment, the caller's own if None. Unavailable when there is no such program.
    """
    with tempfile.TemporaryFile() as log:
        target = None if verbose else log
        try:
            done = subprocess.run(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=target, stderr=target, check=False
            )
        except FileNotFoundError as error:
            raise Unavailable(
                f"cannot {what}: there is no {command[0]} on this machine", hint=hint
            ) from error
        if done.returncode == 0:
            return
        log.seek(0)
        lines = log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
    said = "".join(f"\n  {line}" for line in lines)
    raise SystemProblem(f"cannot {what}: {command[0]} ended with {done.returncode}{said}", hint=hint)
