"""Starting a warden from the daemon.

The warden runs from a read-only mount of the interpreter's file that is attached nowhere: /proc/PID/exe of a
child that is about to become a container then leads to that mount, and a container that re-executes itself
through /proc/self/exe cannot write to the host's interpreter (CVE-2019-5736).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from hythe.errors import SystemProblem
from hythe.kernel import mounts

_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from hythe.runtime.warden import main; sys.exit(main(sys.argv[1:]))"
)
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def spawn_warden(socket: Path, state: Path, log: Path, keep: tuple[int, ...] = ()) -> int:
    """Start a warden in a session of its own and return its pid once it listens on `socket`.

    Its output goes to the end of `log`; it holds the descriptors `keep` open. Raises SystemProblem with the log's
    last line when it does not come up.
    """
    for folder in (socket.parent, state.parent, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    python = os.path.realpath(sys.executable)
    ready, written = os.pipe2(os.O_CLOEXEC)
    program = mounts.clone(python, read_only=True)
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                [python, "-S", "-E", "-s", "-c", _PROGRAM, str(_PACKAGE.parent), "--socket", str(socket),
                 "--state", str(state), "--ready-fd", str(written)],
                executable=f"/proc/self/fd/{program}",
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd="/", start_new_session=True, pass_fds=(written, program, *keep),
            )  # fmt: skip
    except OSError as error:
        os.close(ready)
        raise SystemProblem(f"the warden could not be started: {error}") from error
    finally:
        os.close(written)
        os.close(program)
    try:
        answered = os.read(ready, 1)
    finally:
        os.close(ready)
    if not answered:
        code = child.wait()
        raise SystemProblem(
            f"the warden ended at once with exit code {code}: {_last_line(log)}", hint=f"see {log}"
        )
    return child.pid


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it wrote nothing"
