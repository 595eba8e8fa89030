"""A container, or an exec, in the foreground: its streams are ours until it ends or is detached from.

The connection is attached before the start, and the wait is registered before it too, so that neither output
nor the exit of a short program is missed. Signals are handed to a thread: a handler may run while this one is in
the middle of a request.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from hythe.cli.detach import DetachWatch
from hythe.client.terminal import exchange
from hythe.errors import HytheError

if TYPE_CHECKING:
    from hythe.client import Client
    from hythe.client.hijack import Hijacked

_KEPT: Final = {
    signal.SIGCHLD, signal.SIGPIPE, signal.SIGURG, signal.SIGWINCH, signal.SIGKILL, signal.SIGSTOP,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
    signal.SIGTSTP, signal.SIGPROF, signal.SIGVTALRM, signal.SIGALRM, signal.SIGCONT,
}  # fmt: skip


class Foreground:
    """One container to be connected to."""

    def __init__(
        self, client: Client, identity: str, *, tty: bool, stdin: bool, stdout: bool, stderr: bool,
        detach_keys: str | None, proxy: bool,
    ) -> None:  # fmt: skip
        self._client, self._identity, self._tty = client, identity, tty
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._keys, self._proxy = detach_keys, proxy
        self._watch = DetachWatch(detach_keys)

    def start(self, condition: str) -> int:
        """Attach, start, and stay until it has ended; its exit code, or 0 when detached from."""
        containers = self._client.containers
        with self._attach() as streams:
            waiter = containers.waiter(self._identity, condition)
            containers.start(self._identity)
            return self._stay(streams, waiter.result)

    def join(self) -> int:
        """Connect to one that is running."""
        containers = self._client.containers
        with self._attach() as streams:
            waiter = containers.waiter(self._identity)
            return self._stay(streams, waiter.result)

    def _attach(self) -> Hijacked:
        return self._client.containers.attach(
            self._identity,
            stdin=self._stdin,
            stdout=self._stdout,
            stderr=self._stderr,
            detach_keys=self._keys,
        )

    def _stay(self, streams: Hijacked, result: Callable[[], int]) -> int:
        containers, identity = self._client.containers, self._identity
        proxied = (
            proxy_signals(lambda name: containers.kill(identity, name)) if self._proxy else nullcontext()
        )
        with proxied:
            watch = self._watch if self._tty and self._stdin else None
            exchange(
                streams, tty=self._tty, stdin=self._stdin, typed=watch.feed if watch else None,
                resize=lambda height, width: containers.resize(identity, height, width),
            )  # fmt: skip
            if watch is not None and watch.done:
                return 0
            return result()


@contextmanager
def proxy_signals(send: Callable[[str], None]) -> Iterator[None]:
    """Pass the signals that this process gets on to the program, instead of dying of them."""
    caught: SimpleQueue[int | None] = SimpleQueue()
    before = {
        number: signal.signal(number, lambda number, _: caught.put(number))
        for number in signal.valid_signals() - _KEPT
        if isinstance(number, signal.Signals)
    }
    thread = threading.Thread(target=_forward, args=(caught, send), daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        caught.put(None)


def _forward(caught: SimpleQueue[int | None], send: Callable[[str], None]) -> None:
    while (number := caught.get()) is not None:
        try:
            send(signal.Signals(number).name)
        except HytheError:
            continue  # it has ended in the meantime; there is nobody left to get the signal
