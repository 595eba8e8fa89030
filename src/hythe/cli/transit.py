"""Tars on their way between a container and this machine: made without being collected."""

from __future__ import annotations

import os
import tarfile
import threading
from contextlib import ExitStack, suppress
from typing import IO


def tar_of(path: str, name: str, *, owners: bool) -> IO[bytes]:
    """The reading end of a pipe into which a tar of `path` is written, its first entry called `name`.

    Without `owners` everything belongs to root, as docker's cp has it.
    """
    reading, writing = os.pipe()

    def write() -> None:
        # A reader that has gone has its own error to tell.
        with ExitStack() as stack:
            stack.enter_context(suppress(BrokenPipeError))
            file = stack.enter_context(open(writing, "wb"))
            archive = stack.enter_context(tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT))
            archive.add(path, arcname=name, filter=None if owners else _of_root)

    threading.Thread(target=write, daemon=True).start()
    return open(reading, "rb")


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info
