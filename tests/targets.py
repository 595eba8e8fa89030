"""The engines that behaviour tests run against: hythe, hythe with the containers on runc or crun, and dockerd.

Both are started with roots of their own below a temporary folder and ended by pid; dockerd also gets a network
namespace of its own, since it changes the firewall of the one it runs in. All time limits grow with
HYTHE_TEST_TIMEOUT (`tests.waiting`).
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker import DockerClient

from tests.waiting import PATIENCE

START_SECONDS = 60 * PATIENCE
ANSWER_SECONDS = int(60 * PATIENCE)


@dataclass(frozen=True)
class Target:
    """`name` is hythe or dockerd; `host` is what DOCKER_HOST takes; `pid` the daemon's; `root` its folder.

    `clients`: a process in the network namespace where published ports are, 0 for the daemon's.
    """

    name: str
    host: str
    pid: int
    root: Path
    clients: int = 0

    @property
    def env(self) -> dict[str, str]:
        """An environment in which docker and hythe speak to this target."""
        return {**os.environ, "DOCKER_HOST": self.host, "HYTHE_HOST": self.host, "DOCKER_BUILDKIT": "0"}

    def docker(self, *arguments: str, stdin: bytes | None = None, timeout: float = 60) -> Result:
        """Run the unmodified docker CLI."""
        return _run(["docker", *arguments], self.env, stdin, timeout)

    def hythe(self, *arguments: str, stdin: bytes | None = None, timeout: float = 60) -> Result:
        """Run hythe's own CLI."""
        return _run([sys.executable, "-m", "hythe", *arguments], self.env, stdin, timeout)

    def in_network(self, *command: str, timeout: float = 30) -> Result:
        """Run a program of the host in the network namespace where published ports are."""
        return in_network_of(self.clients or self.pid, *command, timeout=timeout)

    def inspect(self, name: str, kind: str = "container") -> dict[str, Any]:
        """What `docker inspect` says of one thing."""
        shown = self.docker("inspect", "--type", kind, name)
        assert shown.code == 0, shown.err
        details: list[dict[str, Any]] = json.loads(shown.out)
        return details[0]

    def client(self) -> DockerClient:
        """docker-py; close it after use."""
        return DockerClient(base_url=self.host, version="auto", timeout=ANSWER_SECONDS)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


def _run(command: list[str], env: dict[str, str], stdin: bytes | None, timeout: float) -> Result:
    done = subprocess.run(
        command,
        env=env,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=timeout * PATIENCE,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def in_network_of(pid: int, *command: str, timeout: float = 30) -> Result:
    """Run a program of the host in the network namespace of the process `pid`."""
    return _run(["nsenter", f"--net=/proc/{pid}/ns/net", *command], dict(os.environ), None, timeout)


def busybox_tar() -> bytes:
    """A root file system of Debian's static busybox, as a tar archive."""
    binary = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    names = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:

        def add(
            name: str, data: bytes = b"", mode: int = 0o755, kind: bytes = tarfile.REGTYPE, link: str = ""
        ) -> None:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.type, info.linkname = len(data), mode, kind, link
            tar.addfile(info, io.BytesIO(data))

        for folder, mode in [
            ("bin", 0o755),
            ("etc", 0o755),
            ("root", 0o700),
            ("tmp", 0o1777),
            ("var", 0o755),
        ]:
            add(folder, mode=mode, kind=tarfile.DIRTYPE)
        add("bin/busybox", binary)
        for name in names:
            if name != "busybox":
                add(f"bin/{name}", kind=tarfile.LNKTYPE, link="bin/busybox")
        add(
            "etc/passwd",
            b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
            0o644,
        )
        add("etc/group", b"root:x:0:\nwheel:x:10:root\nnogroup:x:65534:\n", 0o644)
    return out.getvalue()


def _wait_until_it_answers(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
                probe.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if b" 200 " in probe.recv(64):
                    return
            except OSError:
                pass
        time.sleep(0.05)
    raise RuntimeError(f"the daemon did not come up:\n{log.read_text()[-4000:]}")


def _daemon_of(pid: int) -> int:
    """`pid`, or the only child of an unshare that made a pid namespace for it and waits."""
    if Path(f"/proc/{pid}/comm").read_text().strip() != "unshare":
        return pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.kill(_daemon_of(process.pid), signal.SIGTERM)
        try:
            process.wait(30 * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def started(command: list[str], log: Path, path: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    """A daemon that answers at the socket `path`, until the stack is left."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log.open("wb"), stderr=subprocess.STDOUT
    )
    stack.callback(_end, process)
    _wait_until_it_answers(process, path, log)
    return process


def _started(command: list[str], root: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    return started(command, root / "daemon.log", root / "api.sock", stack)


def import_busybox(host: str) -> None:
    client = DockerClient(base_url=host, version="auto", timeout=ANSWER_SECONDS)
    try:
        client.api.import_image_from_data(
            busybox_tar(), repository="busybox", tag="latest", changes=['CMD ["sh"]']
        )
    finally:
        client.close()


def remove_containers(host: str) -> None:
    client = DockerClient(base_url=host, version="auto", timeout=ANSWER_SECONDS)
    try:
        for container in client.api.containers(all=True, quiet=True):
            client.api.remove_container(container["Id"], force=True, v=True)
    finally:
        client.close()


def _clean_up(process: subprocess.Popen[bytes], root: Path, host: str) -> None:
    """Remove all containers, by another daemon if a test has killed the first."""
    with ExitStack() as stack:
        if process.poll() is not None:
            _started(hythe_command(root), root, stack)
        remove_containers(host)


def hythe_command(root: Path, *options: str) -> list[str]:
    """A daemon with everything of its own below `root`."""
    return [
        sys.executable, "-m", "hythe", "daemon",
        "--data-root", str(root / "data"), "--exec-root", str(root / "run"),
        "-H", f"unix://{root / 'api.sock'}", *options,
    ]  # fmt: skip


def _unmount_below(root: Path) -> None:
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([each for each in places if each.startswith(f"{root}/")]):
        subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def start_hythe(root: Path, *options: str, within: tuple[str, ...] = ()) -> Iterator[Target]:
    """A hythe daemon with a busybox image; at the end all containers are removed and it is ended.

    `within`: a command that runs it, unshare(1) for one.
    """
    host = f"unix://{root / 'api.sock'}"
    with ExitStack() as stack:
        process = _started([*within, *hythe_command(root, *options)], root, stack)
        stack.callback(_clean_up, process, root, host)
        import_busybox(host)
        yield Target("hythe", host, _daemon_of(process.pid), root)


def start_hythe_on(runtime: str) -> Callable[[Path], AbstractContextManager[Target]]:
    """The same, with the containers on another OCI runtime."""
    return lambda root: start_hythe(root, "--default-runtime", runtime)


@contextmanager
def start_dockerd(root: Path, *flags: str) -> Iterator[Target]:
    """A real dockerd in a network namespace of its own."""
    host, namespace = f"unix://{root / 'api.sock'}", f"peer{os.getpid()}"
    with ExitStack() as stack:
        subprocess.run(["ip", "netns", "add", namespace], check=True)
        stack.callback(subprocess.run, ["ip", "netns", "del", namespace], check=True)
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        command = [
            "nsenter", f"--net=/run/netns/{namespace}", "dockerd",
            "--data-root", str(root / "data"), "--exec-root", str(root / "run"), "-H", host,
            "--pidfile", str(root / "dockerd.pid"), "--containerd-namespace", namespace, "--bip", "172.31.240.1/24",
            *flags,
        ]  # fmt: skip
        stack.callback(_unmount_below, root)  # dockerd leaves run/netns/default after --network host
        process = _started(command, root, stack)
        stack.callback(remove_containers, host)
        import_busybox(host)
        yield Target("dockerd", host, process.pid, root)
