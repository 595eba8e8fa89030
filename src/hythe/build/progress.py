"""What a build says while it runs: docker's classic stream of JSON messages.

    {"stream": "Step 1/3 : FROM busybox\\n"}   {"stream": " ---> 4eba61d3ba6c\\n"}
    {"stream": "text of a command"}            {"aux": {"ID": "sha256:..."}}
    {"errorDetail": {"code": 1, "message": "..."}, "error": "..."}

The texts are those of the classic builder, which clients and scripts read (docker CLI without BuildKit,
docker-py). A command's output is cut only between characters; what it says on standard error is red,
as dockerd has it for every client.
"""

from __future__ import annotations

import codecs
import threading
from collections.abc import Callable
from typing import Final

from hythe.base.ids import short
from hythe.build.api import Message, Progress, RunFailed
from hythe.errors import HytheError

_RED: Final = "\x1b[91m"
_PLAIN: Final = "\x1b[0m"


class Reporter:
    """Sends the messages of one build, steps numbered as they come; safe to call from any thread."""

    def __init__(self, send: Progress) -> None:
        self._send, self._lock = send, threading.Lock()
        self._total, self._step = 0, 0

    def passed_on(self, message: Message) -> None:
        """A message of somebody else's: how fetching an image goes."""
        with self._lock:
            self._send(message)

    def begin(self, total: int) -> None:
        self._total = total

    def line(self, text: str) -> None:
        with self._lock:
            self._send({"stream": text + "\n"})

    def step(self, text: str) -> None:
        """The headline of the next step; `text` is the instruction as written."""
        self._step += 1
        self.line(f"Step {self._step}/{self._total} : {text}")

    def cached(self) -> None:
        self.line(" ---> Using cache")

    def running(self, id: str) -> None:
        self.line(f" ---> Running in {short(id)}")

    def state(self, id: str) -> None:
        """What the image would be after this step; "" for FROM scratch."""
        self.line(f" ---> {short(id)}")

    def finished(self, id: str, names: list[str]) -> None:
        with self._lock:
            self._send({"aux": {"ID": id}})
        self.line(f"Successfully built {short(id)}")
        for name in names:
            self.line(f"Successfully tagged {name}")

    def failed(self, error: HytheError) -> None:
        with self._lock:
            self._send(failure(error))

    def output(self) -> tuple[Callable[[int, bytes], None], Callable[[], None]]:
        """A function for the output of one command (stream 1 or 2, bytes), and one to call at its end."""
        decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in (1, 2)}

        def write(stream: int, data: bytes) -> None:
            with self._lock:
                if text := decoders[stream].decode(data):
                    self._send({"stream": text if stream == 1 else f"{_RED}{text}{_PLAIN}"})

        def end() -> None:
            with self._lock:
                for decoder in decoders.values():
                    if text := decoder.decode(b"", final=True):
                        self._send({"stream": text})

        return write, end


def failure(error: HytheError) -> Message:
    """The message that ends a failed build; its code is a RUN's exit code where there is one."""
    text = str(error)
    detail: Message = {"message": text}
    if isinstance(error, RunFailed):
        detail = {"code": error.exit_code, "message": text}
    return {"errorDetail": detail, "error": text}
