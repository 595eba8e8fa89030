"""One question to a container: exec, httpGet, tcpSocket or grpc; an answer, never an exception.

The texts are those of Kubernetes' probers, since users read them in the Unhealthy events.
"""

from __future__ import annotations

import asyncio
import os
from typing import NamedTuple

import grpc

from hythe.errors import InvalidArgument
from hythe.kube.kubelet.backoff import go_duration
from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.probes import http
from hythe.kube.kubelet.probes.targets import port_number
from hythe.kube.objects.types import Object

_SERVING = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_REFUSALS = {
    "UNIMPLEMENTED": "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"
}


class Reply(NamedTuple):
    """`broken`: the question could not be asked at all; it counts as failed, and is told of as "errored"."""

    well: bool
    output: str = ""
    broken: bool = False


class Target(NamedTuple):
    """Which container is asked, and where it is."""

    runtime: Runtime
    container: Object
    container_id: str
    ip: str


async def ask(probe: Object, target: Target, timeout: float) -> Reply:
    """At most `timeout` seconds."""
    try:
        if command := probe.get("exec"):
            return await _exec(list(command.get("command") or []), target, timeout)
        if get := probe.get("httpGet"):
            return await _http(get, target, timeout)
        if tcp := probe.get("tcpSocket"):
            return await _tcp(tcp, target, timeout)
        if call := probe.get("grpc"):
            return await _grpc(call, target, timeout)
    except InvalidArgument as error:
        return Reply(False, error.message, broken=True)
    return Reply(False, f"missing probe handler for {target.container['name']}", broken=True)


async def _exec(command: list[str], target: Target, timeout: float) -> Reply:
    try:
        result = await asyncio.wait_for(
            target.runtime.exec_sync(target.container_id, command, timeout), timeout + 2
        )
    except TimeoutError:
        return Reply(
            False, f'command timed out: "{" ".join(command)}" timed out after {go_duration(timeout)}'
        )
    except CriError as error:
        if error.code == "DEADLINE_EXCEEDED" or "timed out" in error.message or "timeout" in error.message:
            return Reply(
                False, f'command timed out: "{" ".join(command)}" timed out after {go_duration(timeout)}'
            )
        return Reply(False, error.full, broken=True)
    return Reply(result.code == 0, result.output[: http.LARGEST].decode(errors="replace"))


async def _http(get: Object, target: Target, timeout: float) -> Reply:
    port = port_number(get["port"], target.container)
    answer = await http.request(get, get.get("host") or target.ip, port, timeout=timeout)
    if answer.error:
        return Reply(False, answer.error)
    if 200 <= answer.status < 400:
        return Reply(True, answer.body)
    return Reply(False, f"HTTP probe failed with statuscode: {answer.status}")


async def _tcp(tcp: Object, target: Target, timeout: float) -> Reply:
    port = port_number(tcp["port"], target.container)
    host = tcp.get("host") or target.ip
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), timeout)
    except TimeoutError:
        return Reply(False, f"dial tcp {shown}: i/o timeout")
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
        return Reply(False, f"dial tcp {shown}: connect: {why}")
    writer.close()
    return Reply(True)


async def _grpc(call: Object, target: Target, timeout: float) -> Reply:
    """grpc.health.v1.Health/Check. Its two messages are one field each, so they are written out here."""
    port = int(call["port"])
    address = f"[{target.ip}]:{port}" if ":" in target.ip else f"{target.ip}:{port}"
    service = str(call.get("service") or "").encode()
    body = b"\x0a" + _varint(len(service)) + service if service else b""
    async with grpc.aio.insecure_channel(address, options=[("grpc.enable_retries", 0)]) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check", _as_it_is, _as_it_is)
        try:
            answer: bytes = await check(body, timeout=timeout, metadata=(("user-agent", "kube-probe/1.32"),))
        except grpc.aio.AioRpcError as error:
            return Reply(False, _refused(error, address, timeout))
    status = answer[1] if len(answer) >= 2 and answer[0] == 0x08 else 0
    if status == 1:
        return Reply(True, "service healthy")
    return Reply(False, f'service unhealthy (responded with "{_SERVING.get(status, str(status))}")')


def _as_it_is(message: bytes) -> bytes:
    return message


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _refused(error: grpc.aio.AioRpcError, address: str, timeout: float) -> str:
    code = error.code().name
    if code in _REFUSALS:
        return _REFUSALS[code]
    if code in ("DEADLINE_EXCEEDED", "UNAVAILABLE"):
        return f'timeout: failed to connect service "{address}" within {go_duration(timeout)}'
    words = "".join(part.capitalize() for part in code.split("_"))
    return f"error: health rpc probe failed: rpc error: code = {words} desc = {error.details()}"
