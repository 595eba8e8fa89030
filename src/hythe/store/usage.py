"""How many bytes the files of a directory hold."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def bytes_used(path: Path) -> int:
    """The sizes of all regular files below `path`, each file once whatever its number of names.

    Files that go while they are being counted are left out; a missing `path` counts nothing.
    """
    total, seen = 0, set()
    pending = [str(path)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        pending.append(entry.path)
                    elif stat.S_ISREG(status.st_mode) and (status.st_nlink == 1 or status.st_ino not in seen):
                        total += status.st_size
                        if status.st_nlink > 1:
                            seen.add(status.st_ino)
        except FileNotFoundError:
            continue
    return total
