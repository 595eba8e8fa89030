"""The completions in real shells: words are typed with a tab in them, and what the shell then runs is looked at.

The `hythe` on the shell's path answers the completion script, and otherwise only writes down how it was called.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets import Target
from tests.terminal import terminal
from tests.waiting import wait_until

pytestmark = pytest.mark.root

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source <(hythe completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -D -u; source <(hythe completion zsh)"),
    "fish": (["fish", "--no-config", "-i"], "hythe completion fish | source"),
}


@pytest.fixture(scope="module")
def program(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the path, with `hythe` in it; the calls are in the file `called`."""
    folder = tmp_path_factory.mktemp("path")
    script = folder / "hythe"
    real = f'"{sys.executable}" -m hythe "$@"'
    script.write_text(
        f"#!/bin/sh\ncase $1 in\n    __complete|completion) exec {real} ;;\nesac\n"
        f'printf "%s\\n" "$@" > "{folder}/writing"\nmv "{folder}/writing" "{folder}/called"\n'
    )
    script.chmod(0o755)
    return folder


@pytest.fixture
def things(target: Target) -> Iterator[None]:
    """Names to be completed; `tidied_up` takes them away."""
    for line in (
        "network create only-net", "volume create only-vol", "tag busybox only/image:v1",
        "run -d --name only-running busybox sleep 1000", "create --name only-created busybox",
    ):  # fmt: skip
        assert target.docker(*line.split()).code == 0
    yield


CASES = [
    ("hythe vers\t", ["version"]),
    ("hythe network disc\t", ["network", "disconnect"]),
    ("hythe ps --no-t\t", ["ps", "--no-trunc"]),
    ("hythe stop only-\t", ["stop", "only-running"]),
    ("hythe start only-\t", ["start", "only-created"]),
    ("hythe --debug rm -f only-c\t", ["--debug", "rm", "-f", "only-created"]),
    ("hythe network rm onl\t", ["network", "rm", "only-net"]),
    ("hythe network connect only-net only-r\t", ["network", "connect", "only-net", "only-running"]),
    ("hythe volume inspect onl\t", ["volume", "inspect", "only-vol"]),
    ("hythe run --rm -it onl\t", ["run", "--rm", "-it", "only/image:v1"]),
    ("hythe run --network onl\tbusybox", ["run", "--network", "only-net", "busybox"]),
    ("hythe run --network=onl\tbusybox", ["run", "--network=only-net", "busybox"]),
    ("hythe create --restart unl\tbusybox", ["create", "--restart", "unless-stopped", "busybox"]),
    ("hythe logs only-cre\t", ["logs", "only-created"]),
    ("hythe load -i uniq\t", ["load", "-i", "unique.tar"]),
    ("hythe build -f unique.\t.", ["build", "-f", "unique.tar", "."]),
    ("hythe ps --filter sta\trunning", ["ps", "--filter", "status=running"]),
    ("hythe compose up --force-r\t", ["compose", "up", "--force-recreate"]),
]


@pytest.mark.parametrize("shell", list(SHELLS))
def test_a_tab_completes(target: Target, things: None, program: Path, tmp_path: Path, shell: str) -> None:
    (tmp_path / "unique.tar").write_text("")
    command, setting_up = SHELLS[shell]
    path = f"{program}:{Path(shutil.which('env') or '/usr/bin/env').parent}:/bin"
    env = {**target.env, "PATH": path, "HOME": str(tmp_path), "PS1": "> ", "LANG": "C.UTF-8"}
    called = program / "called"
    wrong = {}
    with terminal(command, env, columns=200) as shown:
        shown.type(f"cd {tmp_path}\r{setting_up}\recho re''ady\r")
        shown.expect("ready\r\n")
        for typed, wanted in CASES:
            called.unlink(missing_ok=True)
            shown.type(f"{typed}\r")
            # what the shell shows is read meanwhile, or it would wait for somebody to read it
            wait_until(lambda: shown.shows("\0", 0.05) or called.exists(), 20, f"{shell}: {typed!r}")
            got = called.read_text().splitlines()
            if got != wanted:
                wrong[typed] = got
    assert wrong == {}


def test_no_key_press_starts_a_daemon(target: Target, tmp_path: Path) -> None:
    answered = target.hythe("__complete", "zsh", "-H", f"unix://{tmp_path}/nobody.sock", "stop", "")
    assert (answered.code, answered.out.strip(), answered.err) == (0, "", "")


def test_an_unknown_shell(target: Target) -> None:
    refused = target.hythe("completion", "csh")
    assert refused.code == 1
    assert "bash, zsh, fish" in refused.err
