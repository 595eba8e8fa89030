"""What flows to and from a container: logs, attach, and execs."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.client.failures import start_failure
from hythe.client.frames import demultiplex, undivided
from hythe.client.hijack import Hijacked
from hythe.client.transport import Json, Transport
from hythe.errors import HytheError
from hythe.wire.stdcopy import RAW_TYPE


class ContainerStreams:
    """The streaming part of /containers, and /exec."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def logs(
        self, ref: str, *, follow: bool = False, stdout: bool = True, stderr: bool = True,
        since: str | int | None = None, until: str | int | None = None, timestamps: bool = False,
        tail: str | int | None = None, tty: bool | None = None, details: bool = False,
    ) -> Iterator[tuple[int, bytes]]:  # fmt: skip
        """(stream, data) of its log: 1 output, 2 errors. Times are seconds since the epoch or RFC 3339.

        `tty` says whether it has a terminal (then nothing is framed); None: as the daemon's answer says, and
        asked by an inspect where it does not say.
        """
        query = {
            "follow": follow, "stdout": stdout, "stderr": stderr, "since": since, "until": until,
            "timestamps": timestamps, "tail": tail, "details": details or None,
        }  # fmt: skip
        head, pieces = self._transport.stream("GET", f"/containers/{ref}/logs", query)
        if tty is None:
            tty = self._raw(head.headers.get("content-type", ""), ref)
        return undivided(pieces) if tty else demultiplex(pieces)

    def attach(
        self, ref: str, *, stdin: bool = False, stdout: bool = True, stderr: bool = True, logs: bool = False,
        stream: bool = True, detach_keys: str | None = None,
    ) -> Hijacked:  # fmt: skip
        """Connect to its standard streams; may be done before start, so that nothing is lost."""
        query = {
            "stdin": stdin, "stdout": stdout, "stderr": stderr, "logs": logs or None, "stream": stream,
            "detachKeys": detach_keys,
        }  # fmt: skip
        return self._transport.hijack(f"/containers/{ref}/attach", query)

    def exec_create(self, ref: str, config: Json) -> str:
        """Prepare a further process from an ExecConfig (Cmd, Env, User, Tty...); gives its id."""
        answer: Json = self._transport.call("POST", f"/containers/{ref}/exec", {}, config)
        return str(answer["Id"])

    def exec_start(self, exec_id: str, *, tty: bool = False, size: tuple[int, int] | None = None) -> Hijacked:
        """Start it and connect to it; `size` is (height, width) of its terminal."""
        body: Json = {"Detach": False, "Tty": tty}
        if size:
            body["ConsoleSize"] = list(size)
        try:
            return self._transport.hijack(f"/exec/{exec_id}/start", {}, body)
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise

    def exec_start_detached(self, exec_id: str, *, tty: bool = False) -> None:
        try:
            self._transport.call("POST", f"/exec/{exec_id}/start", {}, {"Detach": True, "Tty": tty})
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise

    def exec_inspect(self, exec_id: str) -> Json:
        """Running, ExitCode, Pid, ProcessConfig..."""
        answer: Json = self._transport.call("GET", f"/exec/{exec_id}/json")
        return answer

    def exec_resize(self, exec_id: str, height: int, width: int) -> None:
        self._transport.call("POST", f"/exec/{exec_id}/resize", {"h": height, "w": width})

    def _raw(self, content_type: str, ref: str) -> bool:
        if content_type == RAW_TYPE or not content_type:
            config = self._transport.call("GET", f"/containers/{ref}/json")["Config"]
            return bool(config.get("Tty"))
        return False
