"""Named points at which a test has this process killed, to see what is left of what it was doing.

    HYTHE_FAILPOINT="warden:create:answering 2 /tmp/FLAG"

The process dies by SIGKILL when it reaches the point for the second time, if the file FLAG is not there yet: so it
happens once, whoever starts the next process with the same environment. Without the variable a point is one
comparison. The points lie where messages are passed and records are written, so that each step of creating,
starting, running something in, stopping and removing a container has one before and one after it:

    daemon:OP:sending, daemon:OP:answered      a request to the warden
    daemon:save                                the record of a container
    daemon:pull:placing, daemon:pull:recording a layer of an image that is pulled; the image
    warden:OP:received, warden:OP:answering    the same request, at the other end
    warden:event:NAME                          before an event is told
    warden:record:state, warden:record:exit    before the file is written
"""

from __future__ import annotations

import os
import signal
from typing import Final

_WANTED, _COUNT, _FLAG = [*os.environ.get("HYTHE_FAILPOINT", "").split(" ", 2), "", "", ""][:3]
_reached: Final = {_WANTED: 0}


def reach(point: str) -> None:
    """Does not return from the point that was chosen."""
    if point != _WANTED or not _WANTED:
        return
    _reached[point] += 1
    if _reached[point] != int(_COUNT):
        return
    try:
        os.close(os.open(_FLAG, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
