"""Forking a child into its surroundings: pipes, the control line, the pid namespace, and the way to the end.

In the child everything of the warden is let go of at once: its descriptors (another container's pipe kept
open would keep that container's output from ending), its signal mask, its import machinery (nothing may be
loaded from a container's file system). Whatever goes wrong in the child is sent through the channel.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple

from hythe.kernel import namespaces as ns
from hythe.kernel import process, usernamespaces
from hythe.runtime.init.channel import Channel


class Pipes(NamedTuple):
    """The child's side (`child`: its 0, 1, 2) and ours: -1 where there is none."""

    child: tuple[int, int, int]
    stdin: int
    stdout: int
    stderr: int

    def close_child(self) -> None:
        for fd in self.child:
            os.close(fd)

    def abandon(self) -> None:
        """There is no child: close everything but the input's end, which is its writer's."""
        self.close_child()
        for fd in (self.stdout, self.stderr):
            if fd >= 0:
                os.close(fd)


class Born(NamedTuple):
    """`channel` is the warden's end of the line to the child."""

    pid: int
    channel: socket.socket


def make_pipes(*, terminal: bool, stdin: bool) -> Pipes:
    """With a terminal, the null device until the terminal is there."""
    if terminal:
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        return Pipes((null, os.dup(null), os.dup(null)), -1, -1, -1)
    out_read, out_write = os.pipe2(os.O_CLOEXEC)
    err_read, err_write = os.pipe2(os.O_CLOEXEC)
    if stdin:
        in_read, in_write = os.pipe2(os.O_CLOEXEC)
    else:
        in_read, in_write = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), -1
    return Pipes((in_read, out_write, err_write), in_write, out_read, err_read)


class Forker:
    """`own` is this process's pid namespace, kept open to come back to."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(
        self,
        body: Callable[[Channel], int],
        pipes: Pipes,
        pid_namespace: int | None,
        keep: tuple[int, ...] = (),
    ) -> Born:
        """Run `body` in a child; `pid_namespace` as in `forked_into`; `keep`: descriptors that it needs."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line = theirs.detach()
        try:
            pid = self._forked(lambda: _child(body, line, pipes.child, keep), pid_namespace)
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(line)
        ours.setblocking(False)
        return Born(pid, ours)

    def _forked(self, child: Callable[[], int], target: int | None) -> int:
        """Where our own pid namespace is not our user namespace's, there is no coming back to it: a process in between
        joins, and only it stays.
        """
        if target is None or usernamespaces.initial():
            return ns.forked_into(child, self._own, target)
        if target < 0:
            return ns.cloned(child, ns.CLONE_NEWPID)
        return _cloned_beside(child, [(target, ns.CLONE_NEWPID)], 0, -1)

    def stage(
        self,
        inside: Callable[[socket.socket, Channel], int],
        outside: Callable[[int, socket.socket, Channel], int],
        pipes: Pipes,
        joined: list[tuple[str, str]],
        new: int,
        *,
        keep: tuple[int, ...] = (),
        group: int = -1,
    ) -> Born:
        """Two children with a line between them: `inside` in namespaces of its own, which is the one that was
        born, and `outside`, told of its pid, which helps it. `joined`: (type, path) of namespaces to join; `keep` is
        for the first; `group` as in `cloned`.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line = theirs.detach()
        helped, helper = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

        def first() -> int:
            return _child(
                lambda channel: inside(helped, channel), line, pipes.child, (helped.fileno(), *keep)
            )

        try:
            pid = _cloned_inside(first, joined, new, group) if joined else ns.cloned(first, new, group)
            self._help(lambda channel: outside(pid, helper, channel), line, pipes.child, helper.fileno())
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(line)
            helped.close()
            helper.close()
        ours.setblocking(False)
        return Born(pid, ours)

    @staticmethod
    def _help(body: Callable[[Channel], int], line: int, streams: tuple[int, int, int], keep: int) -> None:
        if os.fork() == 0:
            code = 1
            try:
                code = _child(body, line, streams, (keep,))
            finally:
                os._exit(code)


def _cloned_inside(child: Callable[[], int], joined: list[tuple[str, str]], new: int, group: int) -> int:
    """Clone from inside the namespaces at `joined`, the user namespace last: from there on its root is all we are.

    Raises OSError.
    """
    entries = sorted(joined, key=lambda one: one[0] == "user")
    opened = [(os.open(path, os.O_RDONLY | os.O_CLOEXEC), ns.FLAGS[kind]) for kind, path in entries]
    try:
        return _cloned_beside(child, opened, new, group)
    except OSError as error:
        paths = ", ".join(path for _, path in entries)
        raise OSError(error.errno, f"cannot join the namespaces {paths}: {error.strerror}") from error
    finally:
        for fd, _ in opened:
            os.close(fd)


def _cloned_beside(child: Callable[[], int], opened: list[tuple[int, int]], new: int, group: int) -> int:
    """Clone from inside the namespaces (descriptor, flag): it takes a process in between, whose child is ours
    (CLONE_PARENT). Raises OSError.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)

    def between() -> int:
        try:
            for fd, flag in opened:
                ns.setns(fd, flag)
            answer = ns.cloned(child, new | ns.CLONE_PARENT, group)
        except OSError as error:
            answer = -(error.errno or 1)
        os.write(writing, str(answer).encode())
        return 0

    try:
        middle = ns.cloned(between, 0)
        os.close(writing)
        answer = int(os.read(reading, 32) or b"-5")
        os.waitpid(middle, 0)
    finally:
        os.close(reading)
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
    return answer


def _child(
    body: Callable[[Channel], int], line: int, streams: tuple[int, int, int], keep: tuple[int, ...]
) -> int:
    """In the child, until exec or the end; the exit code."""
    gc.disable()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    process.close_all_but((line, *keep))
    os.setsid()
    process.default_signals()
    sys.meta_path.clear()
    channel = Channel(line)
    try:
        return body(channel)
    except BaseException as error:  # noqa: BLE001 - the child ends here, whatever it is
        channel.fail(error)
        return 127
