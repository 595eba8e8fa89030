"""What the guest says: three serial ports, joined to pipes of ours by descriptors that qemu is given.

"out" and "err" carry the command's output, "status" one line, "exit N". The pipes end when qemu does, so nothing is
looked at again and again.
"""

from __future__ import annotations

import os
import selectors
import sys
import time
from typing import Final, Self

TIMED_OUT: Final = 124
NO_ANSWER: Final = 125
_NAMES: Final = ("out", "err", "status")


class Ports:
    """A context: the pipes are closed at its end. `passed` are the descriptors that qemu must inherit."""

    def __init__(self) -> None:
        pipes = [os.pipe() for _ in _NAMES]
        self._reading = [reading for reading, _ in pipes]
        self.passed = [writing for _, writing in pipes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in (*self._reading, *self.passed):
            os.close(fd)

    def options(self) -> list[str]:
        """For qemu: a serial device with these ports."""
        options = ["-device", "virtio-serial-pci"]
        for number, (name, fd) in enumerate(zip(_NAMES, self.passed, strict=True), 1):
            options += ["-add-fd", f"fd={fd},set={number}"]
            options += ["-chardev", f"file,id={name},path=/dev/fdset/{number},append=on"]
            options += ["-device", f"virtserialport,chardev={name},name={name}"]
        return options

    def follow(self, seconds: float) -> int:
        """Pass the output on until qemu, which has been started, ends; the command's exit status.

        124 if that takes longer than `seconds`, 125 if qemu ends and the command has not.
        """
        while self.passed:
            os.close(self.passed.pop())
        status, end = b"", time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            for name, fd in zip(_NAMES, self._reading, strict=True):
                selector.register(fd, selectors.EVENT_READ, name)
            while selector.get_map():
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    print(f"vm: the command did not end in {seconds:g} s", file=sys.stderr)
                    return TIMED_OUT
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fd)
                    elif key.data == "status":
                        status += data
                    else:
                        _pass_on(sys.stdout.fileno() if key.data == "out" else sys.stderr.fileno(), data)
        word, _, number = status.decode().strip().partition(" ")
        if word == "exit":
            return int(number)
        print("vm: the guest ended before the command did; --console shows what it said", file=sys.stderr)
        return NO_ANSWER


def _pass_on(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
