"""Network devices of this namespace that are to be the container's (config-linux.md, Network Devices).

A device that moves to another namespace goes down and loses its addresses: those that are permanent and global are
given to it again, and it is set up. Moving it back is nobody's task: the kernel does, when the namespace goes.
"""

from __future__ import annotations

import os
from typing import Any

from hythe.errors import Conflict, InvalidArgument, NotFound
from hythe.kernel.netlink import addresses, links
from hythe.kernel.netlink.channel import Channel
from hythe.kernel.netlink.namespace import inside, open_namespace

_NAME_LIMIT = 15


def check(devices: Any, linux: dict[str, Any]) -> dict[str, str]:
    """{name here: name in the container}. Raises InvalidArgument, NotFound."""
    if not isinstance(devices, dict):
        raise InvalidArgument("config.json: linux.netDevices is not an object")
    if not any(entry.get("type") == "network" for entry in linux["namespaces"]):
        raise InvalidArgument(
            "config.json: linux.netDevices needs a network namespace of the container's own",
            hint="add it to linux.namespaces",
        )
    wanted = {name: (value or {}).get("name") or name for name, value in devices.items()}
    for name in (*wanted, *wanted.values()):
        if not 0 < len(name.encode()) <= _NAME_LIMIT or name in (".", "..") or set(name) & set("/: \t\n"):
            raise InvalidArgument(f"config.json: linux.netDevices: {name!r} is no name of a network device")
    with Channel() as here:
        for name in wanted:
            if links.find(here, name) is None:
                raise NotFound(f"config.json: linux.netDevices: there is no network device {name}")
    return wanted


def hand_over(wanted: dict[str, str], pid: int) -> None:
    """To the namespace of process `pid`. Raises Conflict where a name is taken there, OSError."""
    descriptor = open_namespace(pid)
    try:
        with inside(descriptor):
            there = Channel()
        with Channel() as here, there:
            for name, new in wanted.items():
                _move(here, there, name, new, descriptor)
    finally:
        os.close(descriptor)


def _move(here: Channel, there: Channel, name: str, new: str, namespace: int) -> None:
    link = links.find(here, name)
    if link is None:
        raise NotFound(f"the network device {name} has gone")
    kept = addresses.permanent(here, link.index)
    before = {one.index for one in links.dump(there)}
    if "%d" not in new and links.find(there, new) is not None:
        raise Conflict(
            f"the container's network namespace has a device {new} already", hint="choose another name"
        )
    here.send(links.move(link.index, new, namespace))
    (moved,) = (one for one in links.dump(there) if one.index not in before)
    there.send(
        *(addresses.again(moved.index, one) for one in kept), links.set_state(moved.index, up=True, name=new)
    )
