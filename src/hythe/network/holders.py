"""Who holds a port: from the kernel's socket tables to a process with a name.

/proc/net/tcp and its sisters list sockets with their local address and inode; /proc/PID/fd shows which
process has an inode open. Reading all of /proc takes milliseconds, so this is done only to explain a refusal.
"""

from __future__ import annotations

import os
from pathlib import Path

_LISTENING = "0A"  # TCP_LISTEN in include/net/tcp_states.h; a bound UDP socket is 07
_BOUND = "07"


def socket_inodes(protocol: str, port: int) -> set[int]:
    """Inodes of the sockets bound to a local port, of this thread's network namespace."""
    found: set[int] = set()
    for table in (protocol, f"{protocol}6"):
        try:
            lines = Path(f"/proc/thread-self/net/{table}").read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] in (_LISTENING, _BOUND):
                found.add(int(fields[9]))
    return found


def process_with(inodes: set[int]) -> tuple[int, str] | None:
    """(pid, name) of a process that has one of these sockets open, None if no process is visible."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and _has_open(entry.path, wanted):
            try:
                return int(entry.name), Path(entry.path, "comm").read_text().strip()
            except OSError:
                continue  # it ended while we looked
    return None


def _has_open(process: str, wanted: set[str]) -> bool:
    try:
        descriptors = os.listdir(f"{process}/fd")  # noqa: PTH208 - a plain list is the quickest here
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(f"{process}/fd/{descriptor}") in wanted:  # noqa: PTH115
                return True
        except OSError:
            continue
    return False
