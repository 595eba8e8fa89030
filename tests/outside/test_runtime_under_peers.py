"""Unmodified containerd, dockerd and podman run containers on hythe-runtime."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.runtimes import SCRIPT, Runtime, started
from tests.targets import Result, start_dockerd
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Its image is a root file system; it takes away the warm copy at the end."""
    with started("hythe", tmp_path_factory.mktemp("runtime")) as found:
        yield found


def run(command: list[str], **env: str) -> Result:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
        timeout=60 * PATIENCE, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def namespace() -> Iterator[list[str]]:
    """A command prefix: a network namespace for those who change the firewall."""
    name = f"runtime{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield ["nsenter", f"--net=/run/netns/{name}"]
    subprocess.run(["ip", "netns", "del", name], check=True)


class Containerd:
    def __init__(self, address: Path, image: Path) -> None:
        self._ctr = ["ctr", "--address", str(address)]
        self._image = str(image)

    def ctr(self, *words: str) -> Result:
        return run([*self._ctr, *words])

    def words(self, *flags: str) -> list[str]:
        """`ctr run`, up to the container's name."""
        return [*self._ctr, "run", *flags, "--rootfs", "--runc-binary", str(SCRIPT), self._image]

    def run(self, *words: str, flags: tuple[str, ...] = ("--rm",)) -> Result:
        return run([*self.words(*flags), *words])


@pytest.fixture(scope="module")
def containerd(
    runtime: Runtime, namespace: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containerd]:
    folder = tmp_path_factory.mktemp("containerd")
    socket = folder / "containerd.sock"
    (folder / "config.toml").write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n'
    )
    with (folder / "log").open("wb") as log, ExitStack() as stack:
        daemon = subprocess.Popen(
            [*namespace, "containerd", "-c", str(folder / "config.toml")], stdout=log, stderr=log
        )
        stack.callback(daemon.wait, 30)
        stack.callback(daemon.terminate)
        peer = Containerd(socket, runtime.image)
        wait_until(lambda: peer.ctr("version").code == 0, 30, "containerd's answer")
        yield peer


def test_containerd_runs(containerd: Containerd) -> None:
    assert containerd.run("c1", "/bin/echo", "hello").out == "hello\n"
    assert containerd.run("c2", "/bin/sh", "-c", "exit 5").code == 5
    assert "executable file not found" in containerd.run("c3", "missing").err
    containerd.ctr("containers", "rm", "c3")


def test_containerd_on_a_terminal(containerd: Containerd) -> None:
    done = run(
        [
            "script",
            "-qec",
            " ".join([*containerd.words("--rm", "-t"), "c4", "/bin/busybox", "tty"]),
            "/dev/null",
        ]
    )
    assert "/dev/pts/0" in done.out


def test_containerd_keeps_a_task(containerd: Containerd) -> None:
    assert containerd.run("c5", "/bin/sleep", "1000", flags=("-d",)).code == 0
    try:
        assert "uid=0" in containerd.ctr("tasks", "exec", "--exec-id", "e", "c5", "/bin/id").out
        for verb, status in (("pause", "PAUSED"), ("resume", "RUNNING")):
            assert containerd.ctr("tasks", verb, "c5").code == 0
            assert status in containerd.ctr("tasks", "ls").out
        assert "memory.usage" in containerd.ctr("tasks", "metrics", "c5").out
    finally:
        containerd.ctr("tasks", "kill", "-s", "KILL", "c5")
        wait_until(lambda: "RUNNING" not in containerd.ctr("tasks", "ls").out, what="the task's end")
        containerd.ctr("tasks", "rm", "c5")
        containerd.ctr("containers", "rm", "c5")


@pytest.fixture(scope="module")
def docker(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with start_dockerd(tmp_path_factory.mktemp("dockerd"), "--add-runtime", f"hythe={SCRIPT}") as target:
        yield target.env


def test_dockerd_runs(docker: dict[str, str]) -> None:
    begin = ["docker", "run", "--rm", "--runtime", "hythe"]
    assert run([*begin, "busybox", "echo", "hello"], **docker).out == "hello\n"
    limits = [
        "-m",
        "64m",
        "--pids-limit",
        "30",
        "--cpus",
        "0.5",
        "--user",
        "7:8",
        "--read-only",
        "--tmpfs",
        "/tmp",
    ]
    done = run([*begin, *limits, "busybox", "sh", "-c", "id -u; exit 5"], **docker)
    assert (done.code, done.out) == (5, "7\n")
    assert run([*begin, "busybox", "missing"], **docker).code == 127
    assert run([*begin, "busybox", "/etc"], **docker).code == 126
    assert run([*begin, "--privileged", "--init", "busybox", "true"], **docker).code == 0


def test_dockerd_keeps_a_container(docker: dict[str, str]) -> None:
    assert (
        run(
            ["docker", "run", "-d", "--name", "kept", "--runtime", "hythe", "busybox", "sleep", "1000"],
            **docker,
        ).code
        == 0
    )
    try:
        assert run(["docker", "exec", "kept", "hostname"], **docker).code == 0
        assert "/dev/pts/0" in run(["docker", "exec", "-t", "kept", "tty"], **docker).out
        assert "sleep" in run(["docker", "top", "kept"], **docker).out
        for verb, status in (("pause", "Paused"), ("unpause", "Up")):
            assert run(["docker", verb, "kept"], **docker).code == 0
            assert status in run(["docker", "ps", "--format", "{{.Status}}"], **docker).out
        assert run(["docker", "update", "-m", "70m", "--memory-swap", "140m", "kept"], **docker).code == 0
        began = time.monotonic()
        assert run(["docker", "stop", "-t", "1", "kept"], **docker).code == 0
        assert time.monotonic() - began < 20 * PATIENCE
    finally:
        run(["docker", "rm", "-f", "kept"], **docker)


@pytest.fixture
def short_path() -> Iterator[str]:
    """podman wants one of at most 50 characters."""
    with tempfile.TemporaryDirectory(prefix="podman-") as folder:
        yield folder


def test_podman_runs(runtime: Runtime, namespace: list[str], short_path: str) -> None:
    words = ["--root", f"{short_path}/root", "--runroot", f"{short_path}/run", "--storage-driver", "vfs"]
    words += ["--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", str(SCRIPT)]
    podman = [*namespace, "podman", *words]
    rootfs = ["--network", "none", "--rootfs", str(runtime.image)]
    try:
        done = run([*podman, "run", "--rm", *rootfs, "/bin/echo", "hello"])
        assert done.out == "hello\n", done
        assert run([*podman, "run", "--rm", *rootfs, "missing"]).code == 127
        assert run([*podman, "run", "-d", "--name", "kept", *rootfs, "/bin/sleep", "1000"]).code == 0
        assert "uid=0" in run([*podman, "exec", "kept", "/bin/id"]).out
    finally:
        run([*podman, "rm", "--force", "--time", "0", "--all"])
