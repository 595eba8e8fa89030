"""What --cap-add, --cap-drop and --security-opt come to inside a container, and how wrong ones are refused."""

from __future__ import annotations

import pytest

from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


@pytest.mark.parametrize(
    ("flags", "effective"),
    [
        ([], "00000000a80425fb"),
        (["--cap-drop", "ALL"], "0000000000000000"),
        (["--cap-drop", "all", "--cap-add", "cap_kill"], "0000000000000020"),
        (["--cap-add", "SYS_TIME", "--cap-drop", "SYS_TIME"], "00000000aa0425fb"),
        (["--cap-drop", "ALL", "--cap-drop", "KILL", "--cap-add", "KILL"], "0000000000000020"),
        (["--user", "1000", "--cap-add", "SYS_TIME"], "0000000000000000"),
    ],
)
def test_capabilities(target: Target, flags: list[str], effective: str) -> None:
    done = target.docker("run", "--rm", *flags, "busybox", "grep", "CapEff", "/proc/self/status")
    assert (done.code, done.out) == (0, f"CapEff:\t{effective}\n")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--cap-add", "no_such"], 'invalid CapAdd: unknown capability: "CAP_NO_SUCH"'),
        (["--cap-drop", "CAP_NO_SUCH"], 'invalid CapDrop: unknown capability: "CAP_NO_SUCH"'),
        (["--security-opt", "no-new-privileges=perhaps"], "invalid --security-opt 2"),
        (["--security-opt", "other=1"], "invalid --security-opt 2"),
    ],
)
def test_mistakes(target: Target, flags: list[str], words: str) -> None:
    done = target.docker("create", *flags, "busybox", "true")
    assert done.code != 0
    assert words in done.err


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        ([], ["NoNewPrivs:\t0", "Seccomp:\t2"]),
        (["--security-opt", "no-new-privileges"], ["NoNewPrivs:\t1", "Seccomp:\t2"]),
        (["--security-opt", "no-new-privileges:false"], ["NoNewPrivs:\t0", "Seccomp:\t2"]),
        (["--security-opt", "seccomp=unconfined"], ["NoNewPrivs:\t0", "Seccomp:\t0"]),
        (["--security-opt", "label=disable"], ["NoNewPrivs:\t0", "Seccomp:\t2"]),
        (["--security-opt", "apparmor=unconfined"], ["NoNewPrivs:\t0", "Seccomp:\t2"]),
    ],
)
def test_options(target: Target, flags: list[str], lines: list[str]) -> None:
    done = target.docker(
        "run", "--rm", *flags, "busybox", "grep", "-E", "^(NoNewPrivs|Seccomp):", "/proc/self/status"
    )
    assert (done.code, done.out.splitlines()) == (0, lines)


def test_what_is_shown(target: Target) -> None:
    flags = ["--security-opt", "no-new-privileges", "--security-opt", "label=type:x"]
    target.docker("create", "--name", "shown", *flags, "busybox", "true")
    shown = target.inspect("shown")
    assert shown["HostConfig"]["SecurityOpt"] == ["no-new-privileges", "label=type:x"]
    options = target.docker("info", "--format", "{{range .SecurityOptions}}{{println .}}{{end}}").out
    assert "name=seccomp" in options
    assert (shown["AppArmorProfile"] != "") is ("name=apparmor" in options)
