from __future__ import annotations

from typing import Any

import pytest

from hythe.errors import InvalidArgument, Unsupported
from hythe.runtime import validate
from hythe.runtime.init import sysctl


def spec(**changes: Any) -> dict[str, Any]:
    linux = {"namespaces": [{"type": "mount"}], "cgroupsPath": "/a/b"} | changes.pop("linux", {})
    process = {"args": ["true"], "cwd": "/"} | changes.pop("process", {})
    return {"process": process, "linux": linux} | changes


def test_a_plain_one_is_accepted() -> None:
    validate.spec(spec(annotations={"x": "y"}, root={"path": "r"}))


def test_what_the_specification_does_not_have_is_named_and_left_alone() -> None:
    """runtime-spec, config.md, Extensibility."""
    given = spec(colour="red", process={"taste": 1}, linux={"smell": {"x": []}})
    assert validate.spec(given) == ["colour", "process.taste", "linux.smell"]


@pytest.mark.parametrize(
    "given",
    [
        spec(hooks={"poststop": [1]}),
        spec(windows={"layerFolders": ["x"]}),
        spec(linux={"personality": {"domain": "LINUX32"}}),
        spec(linux={"intelRdt": {"x": 1}}),
        spec(linux={"resources": {"blockIO": {"colour": 10}}}),
        spec(process={"selinuxLabel": "x"}),
        spec(linux={"mountLabel": "x"}),
    ],
)
def test_what_is_not_there_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        validate.spec(given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        spec(process={"args": []}),
        spec(process={"args": ["a\0b"]}),
        spec(process={"cwd": "relative"}),
        spec(process={"user": {"uid": 4294967295}}),
        spec(process={"user": {"gid": -1}}),
        spec(linux={"cgroupsPath": ""}),
        spec(linux={"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}]}),
        spec(linux={"namespaces": [{"type": "mount"}, {"type": "mount"}]}),
        spec(hostname="needs-uts"),
        spec(mounts=[{"destination": "relative"}]),
    ],
)
def test_mistakes_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        validate.spec(given)


@pytest.mark.parametrize("id", ["", "../x", "a/b", ".hidden", "x" * 200, 5, None])
def test_identifiers(id: object) -> None:
    with pytest.raises(InvalidArgument):
        validate.identifier(id)


def test_sysctl_names() -> None:
    own = {"network", "ipc"}
    sysctl.check(
        {"net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0.1/forwarding": "1", "fs.mqueue.msg_max": "5"}, own
    )
    for name in ("kernel.core_pattern", "vm.swappiness", "net.ipv4./x", "net/../vm/x", ""):
        with pytest.raises(InvalidArgument):
            sysctl.check({name: "1"}, own)
    with pytest.raises(InvalidArgument, match="network namespace"):
        sysctl.check({"net.ipv4.ip_forward": "1"}, {"ipc"})
