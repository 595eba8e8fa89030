"""Sections about processes: the container's state, who runs in it, and what they may do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from hythe.base.units import human_duration, human_memory, human_size
from hythe.cli.format.explain.page import Facts, Section, Table
from hythe.wire.times import format_moment

Json = dict[str, Any]
_NAMESPACES = {
    "mnt": "mounts", "pid": "process ids", "net": "interfaces, addresses, ports, firewall",
    "ipc": "shared memory, semaphores, message queues", "uts": "host name",
    "cgroup": "its view of control groups", "user": "user ids and capabilities", "time": "clocks since boot",
}  # fmt: skip


def state(value: Json, now: float) -> Section:
    facts = [("state", _status(value, now))]
    if value["Pid"]:
        facts.append(("process", f"{value['Pid']} on the host, since {moment(value['ProcessStarted'])}"))
    facts.append(("program", shlex.join(value["Command"])))
    restart, health, log = value["Restart"], value["Health"], value["Log"]
    times = f", at most {restart['MaxRetries']} times" if restart["MaxRetries"] else ""
    facts.append(("restart", f"{restart['Policy']}{times}; restarted {restart['Count']} times"))
    facts.append(("health", _health(health)))
    size = f"{human_size(log['Size'])} in {log['Files']} file{'' if log['Files'] == 1 else 's'}"
    facts.append(("log", f"{log['Driver']}, {size}, {log['Path']}" if log["Path"] else "none is kept"))
    return Section("State", value["ShownBy"], [Facts(facts)])


def _status(value: Json, now: float) -> str:
    if value["Pid"]:
        return f"{value['Status']}, for {human_duration(now - value['Started'] / 1e9).lower()}"
    if value["ExitCode"] is None:
        return f"{value['Status']}{': ' + value['Error'] if value['Error'] else ''}"
    killed = ", killed for want of memory" if value["OomKilled"] else ""
    return f"{value['Status']} with code {value['ExitCode']}{killed}, {moment(value['Finished'])}"


def _health(health: Json) -> str:
    if health["Status"] == "none":
        return "no health check"
    failing = f", failed {health['FailingStreak']} times in a row" if health["FailingStreak"] else ""
    last = "" if health["LastExit"] is None else f"; last probe ended with {health['LastExit']}"
    return f"{health['Status']}{failing}{last}"


def moment(nanoseconds: int) -> str:
    """To the second, in UTC."""
    return format_moment(nanoseconds // 10**9 * 10**9)


def processes(value: Json) -> Section:
    rows = [
        [
            f"{one['Pid']}{'*' if one['Main'] else ''}",
            str(one["PidInside"]),
            _user(one["Uid"], one["User"]),
            _user(one["UidInside"], one["UserInside"]),
            one["State"],
            str(one["Threads"]),
            human_memory(one["Rss"]),
            shlex.join(one["Command"]),
        ]
        for one in value["Items"]
    ]
    titles = ["PID", "INSIDE", "USER", "INSIDE", "STATE", "THR", "RSS", "COMMAND"]
    return Section("Processes", value["ShownBy"], [Table(titles, rows)])


def _user(uid: int | None, name: str) -> str:
    return "unmapped" if uid is None else f"{uid} {name}".rstrip()


def namespaces(value: Json) -> Section:
    rows = [
        [one["Type"], str(one["Inode"]), _relation(one), _NAMESPACES.get(one["Type"], "")]
        for one in value["Items"]
    ]
    return Section("Namespaces", value["ShownBy"], [Table(["TYPE", "INODE", "WHOSE", "OF WHAT"], rows)])


def _relation(one: Json) -> str:
    return f"shared with {', '.join(one['SharedWith'])}" if one["SharedWith"] else f"{one['Relation']}"


def users(value: Json) -> Section:
    if value["Identical"]:
        text = "every user and group id inside is the same id on the host"
        because = [("because", value["Because"])] if value["Because"] else []
        return Section("User mapping", value["ShownBy"], [Facts([("ids", text), *because])])
    rows = [
        [kind, str(one["Inside"]), str(one["Host"]), str(one["Count"])]
        for kind, key in (("users", "Uids"), ("groups", "Gids"))
        for one in value[key]
    ]
    return Section("User mapping", value["ShownBy"], [Table(["IDS", "INSIDE", "HOST", "COUNT"], rows)])


def security(value: Json) -> Section:
    effective = value["Effective"]
    facts = [("effective", f"{len(effective)} of {value['Known']} capabilities: {_names(effective)}")]
    for name in ("Permitted", "Bounding", "Inheritable", "Ambient"):
        same = value[name] == effective and effective
        facts.append((name.lower(), "the same" if same else _names(value[name])))
    filters = f", {value['Filters']} installed" if value["Filters"] else ""
    facts += [
        ("seccomp", value["Seccomp"] + filters),
        ("no_new_privs", "on" if value["NoNewPrivileges"] else "off"),
        ("AppArmor", value["Apparmor"] or "not on this kernel"),
        ("SELinux", value["Selinux"] or "not on this kernel"),
    ]
    return Section("Security of the first process", value["ShownBy"], [Facts(facts)])


def _names(capabilities: Sequence[str]) -> str:
    return " ".join(name.removeprefix("CAP_") for name in capabilities) or "none"
