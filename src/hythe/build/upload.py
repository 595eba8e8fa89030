"""A build context as clients send it: a tar archive, compressed or not, unpacked into a directory of the daemon's.

Owners of the client's machine mean nothing here and are left out; device files are refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from hythe.store.archive import compression
from hythe.store.archive.reader import Reader
from hythe.store.archive.unpack import Unpacker


def unpack_context(stream: BinaryIO, directory: Path) -> int:
    """Unpack a context into the existing, empty `directory`; the bytes of its files.

    Raises BadArchive for one that is broken or leads out of its place, NoSpace, SystemProblem.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        unpacker = Unpacker(descriptor, owners=False, devices=False)
        unpacker.run(Reader(compression.plain(stream)))
        return unpacker.size
    finally:
        os.close(descriptor)
