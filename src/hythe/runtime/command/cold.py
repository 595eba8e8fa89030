"""`hythe-runtime-cold`: the runtime from where it is installed. It makes the warm copy, and continues in that.

Whatever stands in the way of a warm copy (an ordinary user, a mount that is not allowed) only costs time.
"""

from __future__ import annotations

import os
import sys

from hythe.runtime import quick


def main() -> None:
    quick.install()
    from hythe.runtime.command import warm
    from hythe.runtime.command.boot import FRESH

    scripts = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100
    folder = warm.prepare(scripts)
    if folder is not None:
        command = [f"{folder}/python", "-ISX", "utf8", "-X", FRESH, f"{folder}/boot.pyc", *sys.argv[1:]]
        try:
            os.execv(command[0], command)
        except OSError:
            pass  # as above
    from hythe.runtime.command.main import main as run

    run()
