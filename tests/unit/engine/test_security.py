"""Capabilities and the seccomp filter."""

from __future__ import annotations

import json

import pytest

from hythe.engine.security import ALL, DEFAULT, SecurityOptions, capabilities, default_seccomp
from hythe.errors import InvalidArgument


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
