"""Debian's docker-registry as a peer: started in a target's network namespace, on loopback, with roots of its own."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.targets import Target, in_network_of
from tests.waiting import wait_until

# alice:secret, as `htpasswd -nbB alice secret` gives it
HTPASSWD = "alice:$2y$05$.egKqg0V9qWSk3mc8b4RGemlERdHDvZ1ZZgnDGIkLiK2HFMoDJUHa\n"


@dataclass(frozen=True)
class Registry:
    """`host` is "localhost:PORT", `storage` its folder, `log` its file."""

    host: str
    storage: Path
    log: Path
    pid: int


@contextmanager
def docker_registry(
    target: Target, root: Path, *, password: bool = False, certificate: tuple[Path, Path] | None = None,
    address: str = "localhost",
) -> Iterator[Registry]:  # fmt: skip
    """A registry that the target can reach at `address`. `certificate`: (certificate, key), for TLS."""
    root.mkdir()
    port = _free_port()
    (root / "htpasswd").write_text(HTPASSWD)
    (root / "config.yml").write_text(_configuration(root, port, password=password, certificate=certificate))
    log, scheme = root / "log", "https" if certificate else "http"
    command = [
        "nsenter",
        f"--net=/proc/{target.pid}/ns/net",
        "docker-registry",
        "serve",
        str(root / "config.yml"),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: process.poll() is not None or _listens(target, port, scheme))
        assert process.poll() is None, log.read_text()
        yield Registry(f"{address}:{port}", root / "storage", log, process.pid)
    finally:
        process.terminate()
        process.wait()


def _configuration(root: Path, port: int, *, password: bool, certificate: tuple[Path, Path] | None) -> str:
    lines = [
        "version: 0.1",
        "storage:",
        f"  filesystem: {{rootdirectory: {root / 'storage'}}}",
        "  delete: {enabled: true}",
        "http:",
        f"  addr: :{port}",
    ]
    if certificate is not None:
        lines += [f"  tls: {{certificate: {certificate[0]}, key: {certificate[1]}}}"]
    if password:
        lines += [f"auth: {{htpasswd: {{realm: tests, path: {root / 'htpasswd'}}}}}"]
    return "\n".join([*lines, ""])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(target: Target, port: int, scheme: str) -> bool:
    return (
        in_network_of(target.pid, "curl", "-sk", "-o", "/dev/null", f"{scheme}://127.0.0.1:{port}/").code == 0
    )
