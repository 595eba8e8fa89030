"""Limits and the restart policy, which a service can have in its own keys or under `deploy`."""

from __future__ import annotations

from typing import Any, Final

from hythe.client.config.limits import restart_policy as parse_restart
from hythe.compose.document import Table, Value
from hythe.compose.model import BlockIO, BlockRate, BlockWeight
from hythe.compose.normalise import scalars

_RESTART: Final = {"none": "no", "on-failure": "on-failure", "any": "always"}
_BOTH: Final = (
    ("mem_limit", ("limits", "memory"), scalars.size),
    ("cpus", ("limits", "cpus"), scalars.real),
    ("pids_limit", ("limits", "pids"), scalars.whole),
    ("mem_reservation", ("reservations", "memory"), scalars.size),
)


def limits(service: Table) -> dict[str, Any]:
    """Fields of Service; the same thing said in both places must be the same."""
    resources = scalars.table(scalars.table(service.get("deploy")).get("resources"))
    result: dict[str, Any] = {}
    for key, (part, name), read in _BOTH:
        own, deployed = read(service.get(key)), read(scalars.table(resources.get(part)).get(name))
        if own is not None and deployed is not None and own != deployed:
            raise service.where(key).problem(
                f"{key} and deploy.resources.{part}.{name} differ", hint="keep one of them"
            )
        result[key] = own if own is not None else deployed
    if result["cpus"] == 0:
        result["cpus"] = None
    return result


def microseconds(value: Value | None) -> int | None:
    """A number of them, or a duration such as 950ms."""
    text = scalars.word(value)
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    return (scalars.duration(value) or 0) // 1000


def scale(service: Table) -> int | None:
    """`scale`, or `deploy.replicas`."""
    own = scalars.whole(service.get("scale"))
    deployed = scalars.whole(scalars.table(service.get("deploy")).get("replicas"))
    if own is not None and deployed is not None and own != deployed:
        raise service.where("scale").problem("scale and deploy.replicas differ", hint="keep one of them")
    return own if own is not None else deployed


def restart(service: Table) -> str | None:
    """The policy as docker run has it: "no", "always", "unless-stopped", "on-failure[:max]"."""
    own = service.get("restart")
    if own is not None:
        text = scalars.word(own) or "no"
        scalars.at(own, parse_restart, text)
        return text
    policy = scalars.table(service.get("deploy")).get("restart_policy")
    if policy is None:
        return None
    table = scalars.table(policy)
    name = _RESTART[scalars.word(table.get("condition")) or "any"]
    count = scalars.whole(table.get("max_attempts"))
    if count is None:
        return name
    if name == "always":
        raise table.where("max_attempts").unsupported(
            "max_attempts is not supported with condition any", "write condition: on-failure"
        )
    return f"{name}:{count}" if name == "on-failure" else name


def block_io(value: Value | None) -> BlockIO | None:
    if value is None:
        return None
    table = scalars.table(value)

    def rates(key: str) -> tuple[BlockRate, ...]:
        rows = [scalars.table(item) for item in scalars.items(table.get(key))]
        return tuple(
            BlockRate(path=scalars.name(row.get("path")), rate=scalars.size(row.get("rate")) or 0)
            for row in rows
        )

    weights = [scalars.table(item) for item in scalars.items(table.get("weight_device"))]
    return BlockIO(
        weight=scalars.whole(table.get("weight")),
        weight_device=tuple(
            BlockWeight(path=scalars.name(row.get("path")), weight=scalars.whole(row.get("weight")) or 0)
            for row in weights
        ),
        device_read_bps=rates("device_read_bps"),
        device_read_iops=rates("device_read_iops"),
        device_write_bps=rates("device_write_bps"),
        device_write_iops=rates("device_write_iops"),
    )
