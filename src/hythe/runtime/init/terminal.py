"""The container's terminal: a pty of its own devpts, so that its name is right inside.

The master goes to the warden, the slave becomes standard input, output and error, the controlling terminal
and, for the first process, /dev/console. The slave is opened by TIOCGPTPEER from the master, never by a path
(CVE-2025-52565: a /dev/pts/N that is replaced), and what is bound on /dev/console is checked to be that
slave.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
from typing import Final

from hythe.errors import InvalidArgument
from hythe.kernel import mounts, paths
from hythe.kernel.owners import chown

_TIOCSPTLCK: Final = 0x40045431
_TIOCGPTN: Final = 0x80045430
_TIOCGPTPEER: Final = 0x5441
_PTMX: Final = os.makedev(5, 2)


def open_in(pts: int) -> tuple[int, int, int]:
    """(master, slave, number) of a new pty in the devpts that the directory descriptor `pts` refers to."""
    if paths.file_system(pts) != paths.DEVPTS:
        raise InvalidArgument("a terminal needs devpts at /dev/pts, and something else is mounted there")
    master = paths.openat2(pts, "ptmx", os.O_RDWR | os.O_NOCTTY, resolve=paths.RESOLVE_BENEATH)
    if os.fstat(master).st_rdev != _PTMX:
        raise InvalidArgument("/dev/pts/ptmx is not the terminal multiplexer")
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    number = struct.unpack("i", fcntl.ioctl(master, _TIOCGPTN, struct.pack("i", 0)))[0]
    slave = fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
    return master, slave, number


def give(pts: int, dev: int, uid: int, size: tuple[int, int]) -> int:
    """Open a terminal in devpts `pts`, bind it on console in the /dev `dev` (-1: not), make it this
    session's.

    The master is returned. `size`: rows, columns, zeros for unknown. The slave becomes the user's.
    """
    if pts < 0:
        raise InvalidArgument("a terminal needs a devpts mount at /dev/pts in config.json")
    master, slave, number = open_in(pts)
    chown(slave, uid, -1)
    if dev >= 0:
        bind_console(dev, pts, slave, number)
    take(slave, size)
    return master


def bind_console(dev: int, pts: int, slave: int, number: int) -> None:
    """Bind the slave on `console` in the directory `dev`."""
    source = mounts.clone(str(number), dirfd=pts)
    if os.fstat(source).st_rdev != os.fstat(slave).st_rdev:
        raise OSError(errno.ELOOP, "the terminal was replaced while it was bound", "/dev/console")
    os.close(os.open("console", os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o620, dir_fd=dev))
    target = paths.locate(dev, "console", resolve=paths.RESOLVE_BENEATH | paths.RESOLVE_NO_SYMLINKS)
    mounts.attach(source, target, name="/dev/console")
    os.close(source)
    os.close(target)


def take(slave: int, size: tuple[int, int] | None) -> None:
    """Make the slave this session's controlling terminal and its standard streams. `size`: rows, columns."""
    if size is not None and all(size):
        termios.tcsetwinsize(slave, size)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    if slave > 2:
        os.close(slave)
