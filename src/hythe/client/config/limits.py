"""Limits and policies as values of HostConfig: memory, CPUs, ulimits, restart policy, devices, block I/O."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from hythe.base.units import parse_size
from hythe.errors import InvalidArgument

_POLICIES: Final = ("no", "always", "unless-stopped", "on-failure")
_RLIMITS: Final = frozenset(
    [
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
)

Json = dict[str, Any]


def memory(text: str) -> int:
    """Bytes; "-1" stays -1 (no limit, for swap)."""
    return -1 if text.strip() == "-1" else parse_size(text)


def swappiness(text: str) -> int | None:
    """None where nothing was said; 0 is a value. The engine knows the range."""
    try:
        return int(text) if text else None
    except ValueError as error:
        raise InvalidArgument(f"invalid memory swappiness: {text!r}", hint="a number, 0 to 100") from error


def nano_cpus(text: str) -> int:
    """ "1.5" -> 1500000000."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidArgument(
            f"invalid number of CPUs: {text!r}", hint="write a number such as 1.5"
        ) from error
    nanos = value * 10**9
    if not nanos.is_finite() or nanos < 0 or nanos != nanos.to_integral_value():
        raise InvalidArgument(f"invalid number of CPUs: {text!r}", hint="write a number such as 1.5")
    return int(nanos)


def ulimit(text: str) -> Json:
    """ "nofile=1024:2048" -> {"Name", "Soft", "Hard"}; -1 is unlimited."""
    name, equals, values = text.partition("=")
    soft, colon, hard = values.partition(":")
    hard = hard if colon else soft
    if not equals or name not in _RLIMITS:
        raise InvalidArgument(
            f"invalid ulimit {text!r}", hint="write NAME=SOFT[:HARD], such as nofile=1024:4096"
        )
    try:
        limits = int(soft), int(hard)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid ulimit {text!r}: a limit is a number", hint="-1 is unlimited"
        ) from error
    if limits[1] != -1 and (limits[0] > limits[1] or limits[0] == -1):
        raise InvalidArgument(f"invalid ulimit {text!r}: the soft limit is above the hard one")
    return {"Name": name, "Soft": limits[0], "Hard": limits[1]}


def restart_policy(text: str) -> Json:
    """ "on-failure:3" -> {"Name", "MaximumRetryCount"}."""
    name, colon, count = text.partition(":")
    name = name or "no"
    if name not in _POLICIES:
        raise InvalidArgument(
            f"invalid restart policy {text!r}", hint=f"use one of {', '.join(_POLICIES)}[:max]"
        )
    if colon and (name != "on-failure" or not count.isdecimal()):
        raise InvalidArgument(
            f"invalid restart policy {text!r}: only on-failure takes a number", hint="on-failure:3"
        )
    return {"Name": name, "MaximumRetryCount": int(count) if colon else 0}


def device(text: str) -> Json:
    """ "/dev/a[:/dev/b][:rwm]" -> a DeviceMapping."""
    parts = text.split(":")
    host, inside, permissions = parts[0], parts[0], "rwm"
    if len(parts) == 3:
        inside, permissions = parts[1], parts[2]
    elif len(parts) == 2 and parts[1].startswith("/"):
        inside = parts[1]
    elif len(parts) == 2:
        permissions = parts[1]
    if len(parts) > 3 or not host.startswith("/") or not permissions or set(permissions) - set("rwm"):
        raise InvalidArgument(f"invalid device {text!r}", hint="write HOST[:CONTAINER][:rwm]")
    return {"PathOnHost": host, "PathInContainer": inside, "CgroupPermissions": permissions}


def pairs(values: list[str], what: str) -> dict[str, str]:
    """["a=b"] -> {"a": "b"}, for sysctls, log options, driver options."""
    result = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidArgument(f"invalid {what} {text!r}", hint="write name=value")
        result[name] = value
    return result


def extra_host(text: str) -> str:
    """ "name:address" or "name=address" -> "name:address"; checked, but for "host-gateway"."""
    import ipaddress

    name, separator, address = text.partition("=" if "=" in text else ":")
    try:
        if not (name and separator):
            raise ValueError(text)
        if address != "host-gateway":
            ipaddress.ip_address(address.strip("[]"))
    except ValueError as error:
        raise InvalidArgument(
            f"invalid host {text!r}", hint="write name:address, such as db:10.0.0.5"
        ) from error
    return f"{name}:{address.strip('[]')}"


def address(text: str) -> str:
    """An IP address, as it was written."""
    import ipaddress

    try:
        ipaddress.ip_address(text.strip())
    except ValueError as error:
        raise InvalidArgument(
            f"{text!r} is no IP address", hint="such as 192.168.1.1 or 2001:db8::1"
        ) from error
    return text.strip()
