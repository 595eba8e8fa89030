"""Lets `bench/start` be run as it stands in a checkout: by the interpreter of .venv, whichever python came first.

Standard library only, since it runs before the right interpreter does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def enter() -> None:
    """Go on in .venv, or end with the command that makes one. Daemons keep their bytecode, as installed ones do."""
    python = _ROOT / ".venv" / "bin" / "python"
    writes = os.environ.pop("PYTHONDONTWRITEBYTECODE", None) is None
    if not python.exists():
        sys.exit(
            f"{sys.argv[0]}: there is no {python}\nmake it: python3 -m venv .venv && .venv/bin/pip install -e '.[dev]'"
        )
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]}: starting dockerd and hythe takes root")
    if Path(sys.prefix) != python.parents[1] or not writes:
        os.execv(python, [str(python), *sys.argv])
