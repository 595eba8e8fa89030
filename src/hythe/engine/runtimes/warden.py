"""hythe's own runtime as the engine sees it: requests to the warden and its events, on asyncio.

One unix SEQPACKET connection, one JSON object a packet (`hythe.runtime.protocol`). Replies carry the
request's number, so any number of requests are under way at once; whatever has no number is an event. A
descriptor given along is ours to close once the packet has left.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hythe.base.failpoints import reach
from hythe.engine.runtime import Attachment, Exit, Running, Streams
from hythe.errors import NotFound, Unavailable
from hythe.oci.spec import Mount, Process, Resources
from hythe.runtime.protocol import PACKET_LIMIT, Program, decode, encode, error_of


def _exit(body: dict[str, Any], id: str, exec_id: str | None) -> Exit:
    return Exit(id, exec_id, int(body["exit_code"]), bool(body.get("oom")), int(body.get("at", 0)))


REPLACEMENT_SECONDS = 10.0
"""For another warden to take the place of one that was killed; it takes a fraction of a second."""


class WardenRuntime:
    """A connection to the warden that listens on `path`.

    While a lost warden is being replaced, requests wait for the next one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._buffer = bytearray(PACKET_LIMIT)
        self._number = 0
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self._exit_callback: Callable[[Exit], None] = lambda _: None
        self._namespaces: dict[str, Callable[[int], None]] = {}
        self.on_lost: Callable[[], None] = lambda: None
        self._connected = asyncio.Event()

    def on_exit(self, callback: Callable[[Exit], None]) -> None:
        self._exit_callback = callback

    def connect(self) -> None:
        """Raises OSError when nobody listens there."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            connection.connect(str(self._path))
        except BaseException:
            connection.close()
            raise
        connection.setblocking(False)
        self._socket = connection
        self._connected.set()
        asyncio.get_running_loop().add_reader(connection, self._readable)

    def close(self) -> None:
        if self._socket is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
            self._connected.clear()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(Unavailable("the connection to the warden was lost"))
        self._pending.clear()

    # ---- the wire -----------------------------------------------------------------------------

    def _readable(self) -> None:
        assert self._socket is not None
        while True:
            try:
                length = self._socket.recv_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:
                length = 0
            if not length:
                self.close()
                self.on_lost()
                return
            self._receive(decode(self._buffer[:length]))
            if self._socket is None:
                return

    def _receive(self, message: dict[str, Any]) -> None:
        if "seq" in message:
            future = self._pending.pop(message["seq"], None)
            if future is None or future.done():
                return
            if "error" in message:
                future.set_exception(error_of(message["error"]))
            else:
                future.set_result(message.get("ok") or {})
        elif message.get("event") == "namespaces":
            callback = self._namespaces.pop(message["id"], None)
            if callback is not None:
                callback(message["pid"])
        elif message.get("event") == "exit":
            self._exit_callback(_exit(message, message["id"], message.get("exec")))

    def _send(self, packet: bytes, fds: list[int]) -> None:
        """Send now or, where the buffer is full, later; closes `fds` when they have left."""
        self._unsent.append((packet, fds))
        self._flush()

    def _flush(self) -> None:
        if self._socket is None:
            return
        loop = asyncio.get_running_loop()
        while self._unsent:
            packet, fds = self._unsent[0]
            try:
                if fds:
                    socket.send_fds(self._socket, [packet], fds)
                else:
                    self._socket.send(packet)
            except BlockingIOError:
                loop.add_writer(self._socket, self._flush)
                return
            self._unsent.popleft()
            for fd in fds:
                os.close(fd)
        loop.remove_writer(self._socket)

    async def _call(self, op: str, *, fd: int | None = None, **body: Any) -> dict[str, Any]:
        try:
            await asyncio.wait_for(self._connected.wait(), REPLACEMENT_SECONDS)
        except TimeoutError as error:
            if fd is not None:
                os.close(fd)
            raise Unavailable("the warden is not running", hint="restart the daemon") from error
        self._number += 1
        number = self._number
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        reach(f"daemon:{op}:sending")
        self._send(encode({"seq": number, "op": op, **body}), [] if fd is None else [fd])
        try:
            answer = await future
            reach(f"daemon:{op}:answered")
            return answer
        finally:
            self._pending.pop(number, None)

    # ---- the Runtime contract -----------------------------------------------------------------

    async def create(
        self,
        id: str,
        bundle: Path,
        rootfs: Sequence[Mount],
        streams: Streams,
        on_namespaces: Callable[[int], None] | None = None,
        program: Program | None = None,
    ) -> int:
        log = streams.log and {
            "driver": streams.log.driver,
            "path": str(streams.log.path),
            "max_size": streams.log.max_size,
            "max_files": streams.log.max_files,
            "attributes": streams.log.attributes,
            "journal": streams.log.journal,
        }
        if on_namespaces is not None:
            self._namespaces[id] = on_namespaces
        try:
            answer = await self._call(
                "create",
                id=id,
                bundle=str(bundle),
                rootfs=list(rootfs),
                terminal=streams.terminal,
                stdin=streams.stdin,
                stdin_once=streams.stdin_once,
                log=log,
                runtime=program,
            )
        finally:
            self._namespaces.pop(id, None)
        return int(answer["pid"])

    async def start(self, id: str) -> None:
        await self._call("start", id=id)

    async def exec(
        self, id: str, exec_id: str, process: Process, streams: Streams, attachment: Attachment | None
    ) -> int:
        extra = {} if attachment is None else {"attach": _attachment(attachment)}
        answer = await self._call(
            "exec",
            fd=None if attachment is None else attachment.fd,
            id=id,
            exec=exec_id,
            process=process,
            terminal=streams.terminal,
            stdin=streams.stdin,
            **extra,
        )
        return int(answer["pid"])

    async def attach(self, id: str, exec_id: str | None, attachment: Attachment) -> None:
        extra: dict[str, Any] = {} if exec_id is None else {"exec": exec_id}
        await self._call("attach", fd=attachment.fd, id=id, **_attachment(attachment), **extra)

    async def resize(self, id: str, exec_id: str | None, height: int, width: int) -> None:
        extra: dict[str, Any] = {} if exec_id is None else {"exec": exec_id}
        await self._call("resize", id=id, height=height, width=width, **extra)

    async def reopen_log(self, id: str) -> None:
        await self._call("reopen_log", id=id)

    async def kill(self, id: str, signal: int, *, exec_id: str | None = None) -> None:
        extra: dict[str, Any] = {} if exec_id is None else {"exec": exec_id}
        await self._call("kill", id=id, signal=signal, all=False, **extra)

    async def pause(self, id: str) -> None:
        await self._call("pause", id=id)

    async def resume(self, id: str) -> None:
        await self._call("resume", id=id)

    async def update(self, id: str, resources: Resources) -> list[str]:
        answer = await self._call("update", id=id, resources=resources)
        return list(answer.get("warnings") or [])

    async def delete(self, id: str, *, force: bool = False) -> None:
        try:
            await self._call("delete", id=id, force=force)
        except NotFound:
            if not force:
                raise

    async def containers(self) -> list[Running]:
        found: list[Running] = []
        after: str | None = ""
        while after is not None:
            answer = await self._call("list", after=after)
            found += [_running(entry) for entry in answer["containers"]]
            after = answer.get("next")
        return found

    async def shutdown(self) -> None:
        """End the warden; Conflict while it holds a container."""
        await self._call("shutdown")


def _attachment(attachment: Attachment) -> dict[str, Any]:
    return {
        "stdin": attachment.stdin,
        "stdout": attachment.stdout,
        "stderr": attachment.stderr,
        "framing": "multiplexed" if attachment.multiplexed else "raw",
        "detach_keys": list(attachment.detach_keys) or None,
        "head": base64.b64encode(attachment.head).decode(),
    }


def _running(entry: dict[str, Any]) -> Running:
    execs = {e["exec"]: int(e["pid"]) for e in entry.get("execs", []) if not e.get("exit")}
    ended = _exit(entry["exit"], entry["id"], None) if entry.get("exit") else None
    return Running(entry["id"], int(entry["pid"]), entry["status"], ended, execs)
