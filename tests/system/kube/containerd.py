"""Debian's containerd with its CRI plugin, with roots of its own, in the network namespace of the calling thread."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tests.targets import busybox_tar
from tests.waiting import PATIENCE, wait_until

PAUSE = "localhost/pause:1"
BUSYBOX = "localhost/busybox:1"

_CONFIG = """\
version = 2
root = "{root}/root"
state = "{root}/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "{root}/containerd.sock"
[ttrpc]
  address = "{root}/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{root}/cni"
"""


def _network(root: Path) -> str:
    addresses = {
        "type": "host-local",
        "dataDir": f"{root}/addresses",
        "ranges": [[{"subnet": "10.88.0.0/16"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cri0", "isGateway": True, "ipMasq": False, "ipam": addresses}
    return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]})


def image_archive(name: str, command: list[str], *, entrypoint: bool = False) -> bytes:
    """busybox as `docker save` writes it, under this name."""
    layer = busybox_tar()
    digest = sha256(layer).hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint" if entrypoint else "Cmd": command, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created_by": "tests"}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for file, data in [
            ("config.json", json.dumps(config).encode()),
            ("layer.tar", layer),
            ("manifest.json", json.dumps(manifest).encode()),
        ]:
            info = tarfile.TarInfo(file)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@contextmanager
def containerd(root: Path) -> Iterator[str]:
    """The address of its CRI socket; ended, with all it left, afterwards."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "cni").mkdir()
    (root / "cni/pods.conflist").write_text(_network(root))
    (root / "config.toml").write_text(_CONFIG.format(root=root, pause=PAUSE))
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            ["containerd", "--config", str(root / "config.toml")],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    socket = root / "containerd.sock"
    try:
        wait_until(lambda: _answers(socket) or process.poll() is not None, 30, "containerd")
        assert process.poll() is None, (root / "log").read_text()[-2000:]
        for name, command, as_entrypoint in [
            (PAUSE, ["/bin/sleep", "2147483647"], True),
            (BUSYBOX, ["sh"], False),
        ]:
            load(socket, image_archive(name, command, entrypoint=as_entrypoint))
        yield f"unix://{socket}"
    finally:
        _end_tasks(socket)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20 * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _unmount_below(root)
        shutil.rmtree(root, ignore_errors=True)


def _ctr(socket: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ctr", "--address", str(socket), "-n", "k8s.io", *arguments],
        input=stdin,
        capture_output=True,
        timeout=60 * PATIENCE,
        check=False,
    )


def load(socket: Path, archive: bytes) -> None:
    done = _ctr(socket, "images", "import", "-", stdin=archive)
    assert done.returncode == 0, done.stderr.decode()


def _answers(socket: Path) -> bool:
    return socket.exists() and _ctr(socket, "version").returncode == 0


def _end_tasks(socket: Path) -> None:
    for line in _ctr(socket, "tasks", "ls", "-q").stdout.decode().split():
        _ctr(socket, "tasks", "kill", "-s", "SIGKILL", line)
        _ctr(socket, "tasks", "rm", "-f", line)


def _unmount_below(root: Path) -> None:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((one for one in points if one.startswith(f"{root}/")), key=len, reverse=True):
        subprocess.run(["umount", "-l", point], check=False)
