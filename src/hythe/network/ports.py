"""Reserving host ports: the daemon itself holds a socket on every port it publishes.

The packet filter rewrites packets for a published port before any socket sees them, so these sockets are not
in the way. They are there so that the port is really taken: another program gets EADDRINUSE instead of
silence, a program that has the port already is found out, and a random port is one that the kernel chose.
What reaches a TCP socket nevertheless (IPv6, which is not rewritten) is relayed (`relay.py`).

    host_ip ""           0.0.0.0 and, for TCP, [::]
    host_ip 127.0.0.1    that address
    host_ip ::1          that address, TCP only
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address

from hythe.base.sockets import TYPES, Bind, Taken, bound
from hythe.errors import Conflict, Denied, HytheError, InvalidArgument, SystemProblem, Unsupported
from hythe.network.holders import process_with, socket_inodes
from hythe.network.model import PortBound, PortRequest

_ANY4, _ANY6 = "0.0.0.0", "::"
_RANDOM_ATTEMPTS = 64


@dataclass(frozen=True)
class Reserved:
    """A reserved port and the sockets that hold it."""

    bound: PortBound
    sockets: tuple[socket.socket, ...]

    def close(self) -> None:
        for held in self.sockets:
            held.close()


def check_request(request: PortRequest) -> None:
    """Everything that can be wrong with a request before looking at the host."""
    if request.protocol not in TYPES:
        raise Unsupported(f"publishing {request.protocol} ports is not supported", hint="use tcp or udp")
    if not 1 <= request.container_port <= 65535:
        raise InvalidArgument(f"invalid container port: {request.container_port}")
    last = request.host_port_end or request.host_port
    if not 0 <= request.host_port <= last <= 65535:
        raise InvalidArgument(f"invalid host port range: {request.host_port}-{request.host_port_end}")
    if request.host_ip:
        try:
            address = ip_address(request.host_ip)
        except ValueError as error:
            raise InvalidArgument(f"invalid host address: {request.host_ip!r}") from error
        if address.version == 6 and request.protocol == "udp":
            raise Unsupported(f"publishing a udp port on the IPv6 address {address} is not supported")


def reserve(request: PortRequest, bind: Bind = bound) -> Reserved:
    """Take the port, by `bind`. Raises Conflict with the holder's name and a free port."""
    check_request(request)
    if request.host_port == 0:
        return _reserve_random(request, bind)
    last = request.host_port_end or request.host_port
    taken = OSError()
    for port in range(request.host_port, last + 1):
        try:
            return _take(request, port, bind)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _problem(request, port, error) from error
            taken = error
    raise _conflict(request, last, bind, taken)


def _reserve_random(request: PortRequest, bind: Bind) -> Reserved:
    """A port of the kernel's choice, free on all the addresses it is to be held on."""
    for _ in range(_RANDOM_ATTEMPTS):
        try:
            return _take(request, 0, bind)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _problem(request, 0, error) from error
    raise Conflict("no free ephemeral port was found on this host")


def _take(request: PortRequest, port: int, bind: Bind) -> Reserved:
    """Sockets on `port`, or for 0 on one of the kernel's choice, the same for all addresses."""
    addresses = [request.host_ip or _ANY4]
    if not request.host_ip and request.protocol == "tcp":
        addresses.append(_ANY6)
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        for address in addresses:
            try:
                held = bind(address, request.protocol, port)
            except OSError as error:
                if address == _ANY6 and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                    continue  # a host without IPv6
                raise
            undo.callback(held.close)
            sockets.append(held)
            port = held.getsockname()[1]
        undo.pop_all()
    return Reserved(
        PortBound(request.container_port, request.protocol, request.host_ip, port), tuple(sockets)
    )


def _problem(request: PortRequest, port: int, error: OSError) -> HytheError:
    where = f"{request.host_ip or _ANY4}:{port}"
    if error.errno == errno.EADDRNOTAVAIL:
        return InvalidArgument(
            f"cannot publish on {where}: the host has no such address", hint="see: ip address"
        )
    if error.errno == errno.EACCES:
        return Denied(
            f"cannot publish on {where}: ports below net.ipv4.ip_unprivileged_port_start are for root alone",
            hint=f"choose a higher port, or: sudo sysctl net.ipv4.ip_unprivileged_port_start={port}",
        )
    return SystemProblem(f"cannot publish on {where}: {error.strerror}")


def _conflict(request: PortRequest, port: int, bind: Bind, taken: OSError) -> Conflict:
    where = f"{request.host_ip or _ANY4}:{port}"
    if isinstance(taken, Taken):
        process = taken.holder
    else:
        process = process_with(socket_inodes(request.protocol, port))
    if process is None:
        holder = "by a program that cannot be seen from here"
    elif process[0] == os.getpid():
        holder = "by another container"
    else:
        holder = f"by {process[1]}, process {process[0]}"
    free = _free_after(request, port, bind)
    return Conflict(
        f"Bind for {where} failed: port is already allocated {holder}",
        hint=f"port {free} is free: -p {free}:{request.container_port}" if free else None,
    )


def _free_after(request: PortRequest, port: int, bind: Bind) -> int | None:
    """A nearby port that could be had."""
    for candidate in range(port + 1, min(port + 200, 65536)):
        try:
            _take(request, candidate, bind).close()
        except OSError:
            continue
        return candidate
    return None
