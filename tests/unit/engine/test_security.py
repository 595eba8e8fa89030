"""Capabilities and the seccomp filter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from hythe.engine.security import ALL, DEFAULT, SecurityOptions, capabilities, default_seccomp
from hythe.errors import InvalidArgument
from hythe.oci.spec import Seccomp


def test_the_default_set_has_fourteen() -> None:
    assert len(DEFAULT) == 14
    assert set(capabilities([], [], privileged=False)) == set(DEFAULT)


def test_adding_and_dropping() -> None:
    assert capabilities(["net_admin"], ["ALL"], privileged=False) == ["CAP_NET_ADMIN"]
    assert "CAP_CHOWN" not in capabilities(["ALL"], ["CAP_CHOWN"], privileged=False)
    assert capabilities([], [], privileged=True) == list(ALL)
    with pytest.raises(InvalidArgument):
        capabilities(["NO_SUCH"], [], privileged=False)


@pytest.mark.parametrize(
    ("add", "drop", "name", "there"),
    [
        (["SYS_TIME"], ["cap_sys_time"], "CAP_SYS_TIME", True),
        (["kill"], ["ALL", "KILL"], "CAP_KILL", True),
        (["ALL", "KILL"], ["KILL"], "CAP_KILL", False),
        (["all"], ["all"], "CAP_SYS_ADMIN", True),
    ],
)
def test_what_is_both_added_and_dropped(add: list[str], drop: list[str], name: str, there: bool) -> None:
    assert (name in capabilities(add, drop, privileged=False)) is there


def test_the_filter_opens_with_a_capability() -> None:
    closed = {n for rule in default_seccomp(DEFAULT)["syscalls"] if "args" not in rule for n in rule["names"]}
    opened = default_seccomp([*DEFAULT, "CAP_SYS_ADMIN"])["syscalls"][0]["names"]
    assert "mount" not in closed and "bpf" not in closed and "read" in closed and "chroot" in closed
    assert "mount" in opened and "clone3" in opened


def test_clone3_answers_enosys_where_namespaces_are_forbidden() -> None:
    rule = next(r for r in default_seccomp(DEFAULT)["syscalls"] if r["names"] == ["clone3"])
    assert rule["action"] == "SCMP_ACT_ERRNO" and rule["errnoRet"] == 38


def test_options() -> None:
    assert SecurityOptions(["no-new-privileges"], privileged=False).no_new_privileges
    assert SecurityOptions(["seccomp=unconfined"], privileged=False).seccomp(DEFAULT) is None
    assert SecurityOptions([], privileged=True).seccomp(DEFAULT) is None
    assert SecurityOptions(["no-new-privileges:true"], privileged=False).no_new_privileges
    assert not SecurityOptions(["no-new-privileges=0"], privileged=False).no_new_privileges
    SecurityOptions(["label=disable", "label=type:container_t"], privileged=False)
    for wrong in ("nonsense", "no-new-privileges=perhaps", "label=colour:red", "other=1"):
        with pytest.raises(InvalidArgument, match=f"invalid --security-opt [12]: '{wrong}'"):
            SecurityOptions([wrong], privileged=False)
    with pytest.raises(InvalidArgument):
        SecurityOptions(["seccomp={"], privileged=False)


def test_a_profile_in_dockers_form_is_resolved_by_capability() -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [
            {"names": ["a"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["b"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        ],
    }
    options = SecurityOptions([f"seccomp={json.dumps(profile)}"], privileged=False)
    filter = options.seccomp(DEFAULT)
    assert filter is not None
    assert [rule["names"] for rule in filter["syscalls"]] == [["b"]]


def _resolved(granted: Sequence[str] = DEFAULT, **profile: Any) -> Seccomp:
    text = json.dumps({"defaultAction": "SCMP_ACT_ERRNO"} | profile)
    found = SecurityOptions([f"seccomp={text}"], privileged=False).seccomp(granted)
    assert found is not None
    return found


def _rule(call: str, /, **rest: Any) -> dict[str, Any]:
    return {"names": [call], "action": "SCMP_ACT_ALLOW"} | rest


@pytest.mark.parametrize(
    ("rest", "there"),
    [
        ({}, True),
        ({"includes": {"caps": ["CAP_KILL"]}}, True),
        ({"includes": {"caps": ["CAP_KILL", "CAP_BPF"]}}, False),
        ({"excludes": {"caps": ["CAP_BPF", "CAP_KILL"]}}, False),
        ({"includes": {"arches": ["s390", "amd64", "arm64"]}}, True),
        ({"includes": {"arches": ["s390"]}}, False),
        ({"excludes": {"arches": ["amd64", "arm64"]}}, False),
        ({"includes": {"minKernel": "4.8"}}, True),
        ({"includes": {"minKernel": "200.1"}}, False),
        ({"excludes": {"minKernel": "4.8"}}, False),
        ({"excludes": {"minKernel": "200.1"}}, True),
        ({"includes": {"minKernel": "4.8", "caps": ["CAP_BPF"]}}, False),
    ],
)
def test_rules_that_depend_on_something(rest: dict[str, Any], there: bool) -> None:
    found = _resolved(syscalls=[_rule("a", **rest)])
    assert found["syscalls"] == ([_rule("a")] if there else [])


def test_what_a_profile_has_besides_rules() -> None:
    args = [{"index": 0, "value": 2**63, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]
    kept: dict[str, Any] = {
        "defaultErrnoRet": 38, "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/a", "listenerMetadata": "m",
    }  # fmt: skip
    old = {"name": "old", "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "args": args, "comment": "why"}
    tokens = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")
    mapped = [{"architecture": one, "subArchitectures": ["SCMP_ARCH_X86"]} for one in tokens]
    found = dict(_resolved(syscalls=[old], archMap=[*mapped, {"architecture": "SCMP_ARCH_S390"}], **kept))
    assert {key: found[key] for key in kept} == kept
    assert found["syscalls"] == [{"names": ["old"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "args": args}]
    assert found["architectures"] in [[one, "SCMP_ARCH_X86"] for one in tokens]
    assert "architectures" not in _resolved()


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"defaultAction": "SCMP_ACT_MAYBE"}, "SCMP_ACT_MAYBE"),
        ({"defaultErrno": "ENOSYS"}, "'defaultErrno' is not known"),
        ({"defaultErrnoRet": -1}, "defaultErrnoRet"),
        ({"flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}, "NEW_LISTENER"),
        ({"architectures": ["SCMP_ARCH_VAX"]}, "SCMP_ARCH_VAX"),
        ({"architectures": ["SCMP_ARCH_X86"], "archMap": [{"architecture": "SCMP_ARCH_X86"}]}, "both 'arch"),
        ({"archMap": [{"architecture": "SCMP_ARCH_X86", "other": 1}]}, "other"),
        ({"archMap": [{"architecture": "SCMP_ARCH_X86", "subArchitectures": ["VAX"]}]}, "VAX"),
        ({"listenerPath": 7}, "listenerPath"),
        ({"syscalls": {}}, None),
        ({"syscalls": {"a": 1}}, "syscalls is not a list"),
        ({"syscalls": ["read"]}, "is not an object"),
        ({"syscalls": [_rule("a", action="ALLOW")]}, "'ALLOW' is not known"),
        ({"syscalls": [_rule("a", names=[])]}, "no system call"),
        ({"syscalls": [_rule("a", name="b")]}, "both 'name' and 'names'"),
        ({"syscalls": [_rule("a", errno="EPERM")]}, "'errno' is not known"),
        ({"syscalls": [_rule("a", errnoRet=1 << 16)]}, "errnoRet"),
        ({"syscalls": [_rule("a", args=[{"index": 6, "op": "SCMP_CMP_EQ"}])]}, "index"),
        ({"syscalls": [_rule("a", args=[{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}])]}, "value"),
        ({"syscalls": [_rule("a", args=[{"index": 0, "value": True, "op": "SCMP_CMP_EQ"}])]}, "value"),
        ({"syscalls": [_rule("a", args=[{"index": 0, "op": ["SCMP_CMP_EQ"]}])]}, "op"),
        ({"syscalls": [_rule("a", includes={"caps": ["CAP_FLY"]})]}, "CAP_FLY"),
        ({"syscalls": [_rule("a", excludes={"arches": ["vax"]})]}, "vax"),
        ({"syscalls": [_rule("a", includes={"maxKernel": "9.9"})]}, "maxKernel"),
        ({"syscalls": [_rule("a", includes={"minKernel": "4"})]}, "invalid kernel version: 4"),
        ({"syscalls": [_rule("a", includes={"minKernel": "0.0"})]}, "invalid kernel version: 0.0"),
        ({"syscalls": [_rule("a", includes={"minKernel": "4.8.1"})]}, "invalid kernel version: 4.8.1"),
    ],
)
def test_profiles_with_mistakes(profile: dict[str, Any], words: str | None) -> None:
    if words is None:
        assert _resolved(**profile)["syscalls"] == []
        return
    with pytest.raises(InvalidArgument, match=words):
        _resolved(**profile)
