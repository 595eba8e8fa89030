"""What a container could reach of the interpreter that makes it (CVE-2019-5736), and who may start one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hythe.runtime.command.conversation import connect
from tests.runtimes import SCRIPT, Runtime, started

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with started("hythe", tmp_path_factory.mktemp("runtime")) as found:
        yield found


@pytest.mark.parametrize("program", [[str(SCRIPT)], [sys.executable, "-m", "hythe.runtime.command"]])
def test_its_file_is_on_a_read_only_mount(runtime: Runtime, program: list[str]) -> None:
    """From the warm copy, and from where it is installed."""
    bundle = runtime.bundle("sleep", "1000")
    command = [*program, *runtime.command("create", "-b", bundle, "guarded")[1:]]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        pid = runtime.state("guarded")["pid"]
        assert os.statvfs(f"/proc/{pid}/exe").f_flag & os.ST_RDONLY
    finally:
        runtime.ok("delete", "--force", "guarded")


def test_a_visitor_who_says_nothing_starts_nothing(runtime: Runtime) -> None:
    id = runtime.created("sleep", "1000")
    folder = str(runtime.root / id)
    connect(folder, "start.sock").close()
    with connect(folder, "start.sock") as line:
        line.send(b"nonsense")
        assert line.recv(10) == b""
    assert runtime.status(id) == "created"
    runtime.ok("start", id)
    assert runtime.status(id) == "running"
    runtime.ok("delete", "--force", id)


def test_another_user_may_not_start(runtime: Runtime) -> None:
    id = runtime.created("sleep", "1000")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
                os.chdir(runtime.root / id)
                os.setresuid(65534, 65534, 65534)
                line.connect("start.sock")
                line.send(b"start")
                code = 1 if line.recv(10) else 0
        except OSError:
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert runtime.status(id) == "created"
    runtime.ok("delete", "--force", id)
