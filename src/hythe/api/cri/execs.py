"""Programs in containers, and ports of pods: ExecSync here, the others by an address of the streaming server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.errors import TooLate
from hythe.api.cri.records import Member, Records
from hythe.api.cri.server import Handlers
from hythe.api.cri.streaming.server import StreamingServer
from hythe.api.cri.translate.container_status import state
from hythe.engine.model import ExecSpec
from hythe.errors import Conflict, InvalidArgument

if TYPE_CHECKING:
    from hythe.engine.engine import Engine

OUTPUT: Final = 16 << 20
"""Bytes of each stream in an answer; the rest is dropped and the command goes on (CVE-2022-1708)."""
_ROOM: Final = 1024


class Execs:
    def __init__(self, engine: Engine, records: Records, streaming: StreamingServer) -> None:
        self._engine, self._records, self._streaming = engine, records, streaming

    def handlers(self) -> Handlers:
        return {
            "ExecSync": self.sync,
            "Exec": self.exec,
            "Attach": self.attach,
            "PortForward": self.forward,
        }

    def _running(self, id: str) -> Member:
        one = self._records.container(id)
        now = state(one.record.state)
        if now != cri.CONTAINER_RUNNING:
            raise Conflict(f"container is in {cri.ContainerState.Name(now)} state")
        return one

    async def sync(self, request: cri.ExecSyncRequest) -> cri.ExecSyncResponse:
        """Raises TooLate, in the words by which kubelet knows it."""
        one = self._running(request.container_id)
        timeout = float(request.timeout) if request.timeout > 0 else None
        spec = ExecSpec(args=list(request.cmd), attach_stdout=True, attach_stderr=True)
        try:
            code, out, err = await self._engine.execs.run(one.record.id, spec, timeout, OUTPUT)
        except TimeoutError as error:
            raise TooLate(
                f"failed to exec in container: timeout {request.timeout}s exceeded: context deadline exceeded"
            ) from error
        out = out[: OUTPUT - _ROOM]
        return cri.ExecSyncResponse(stdout=out, stderr=err[: OUTPUT - _ROOM - len(out)], exit_code=code)

    async def exec(self, request: cri.ExecRequest) -> cri.ExecResponse:
        one = self._running(request.container_id)
        _check_streams(request, tty=request.tty)
        request.container_id = one.record.id
        return cri.ExecResponse(url=self._streaming.url("exec", request))

    async def attach(self, request: cri.AttachRequest) -> cri.AttachResponse:
        one = self._running(request.container_id)
        _check_streams(request, tty=request.tty)
        request.container_id = one.record.id
        return cri.AttachResponse(url=self._streaming.url("attach", request))

    async def forward(self, request: cri.PortForwardRequest) -> cri.PortForwardResponse:
        pod = self._records.pod(request.pod_sandbox_id)
        if not pod.ready:
            raise Conflict(f'sandbox container "{pod.record.id}" is not running')
        request.pod_sandbox_id = pod.record.id
        return cri.PortForwardResponse(url=self._streaming.url("portforward", request))


def _check_streams(request: cri.ExecRequest | cri.AttachRequest, *, tty: bool) -> None:
    """Raises InvalidArgument."""
    if not (request.stdin or request.stdout or request.stderr):
        raise InvalidArgument("one of stdin, stdout, or stderr must be set")
    if tty and request.stderr:
        raise InvalidArgument("tty and stderr cannot both be true")
