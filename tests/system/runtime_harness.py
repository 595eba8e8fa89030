"""A real warden for the runtime's system tests: bundles of busybox, a blocking client, everything removed
after.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hythe.runtime.launch import spawn_warden

Message = dict[str, Any]
CAPABILITIES = [
    "CAP_" + name
    for name in """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP
    NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE""".split()
]
MASKED = """/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats
/proc/sched_debug /proc/scsi /proc/timer_list /proc/timer_stats /sys/devices/virtual/powercap
/sys/firmware""".split()
READ_ONLY = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()
_PLAIN = ["nosuid", "noexec", "nodev"]
FIRST = 0x70000000
"""The id outside of the root of a user namespace."""
KINDS = ("user", "pid", "network", "mount", "ipc", "uts", "cgroup")


def busybox_root(folder: Path) -> Path:
    """A root file system of busybox's applets."""
    for name in ("bin", "proc", "sys", "dev", "etc", "tmp", "root", "var/volume"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    for (
        applet
    ) in """sh cat echo true false sleep id ls mount ps yes head hostname stat kill touch mkdir dd env
    wc trap stty tr grep test readlink ln rm mv umount ulimit printf seq timeout nproc od""".split():
        (folder / "bin" / applet).symlink_to("busybox")
    (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (folder / "tmp").chmod(0o1777)
    return folder


def default_mounts() -> list[Message]:
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": _PLAIN},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*_PLAIN, "ro"]},
        {
            "destination": "/sys/fs/cgroup",
            "type": "cgroup",
            "source": "cgroup",
            "options": [*_PLAIN, "relatime", "ro"],
        },
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": _PLAIN},
        {
            "destination": "/dev/shm",
            "type": "tmpfs",
            "source": "shm",
            "options": [*_PLAIN, "mode=1777", "size=67108864"],
        },
    ]


def process(args: list[str], **changes: Any) -> Message:
    granted = {"bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES}
    return {
        "args": args,
        "env": ["PATH=/bin", "HOME=/root"],
        "cwd": "/",
        "user": {"uid": 0, "gid": 0},
        "capabilities": granted,
    } | changes


class Warden:
    """A client of one warden; blocking, one request at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket_path = folder / "warden.sock"
        self.instance = "hythe-test-" + secrets.token_hex(3)
        self.pid = spawn_warden(self.socket_path, folder / "state", folder / "warden.log")
        self.root = busybox_root(folder / "layer")
        self.events: list[Message] = []
        self._number = 0
        self._count = 0
        self.connect()

    def connect(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(30)
        self._socket.connect(str(self.socket_path))

    def disconnect(self) -> None:
        self._socket.close()

    # ---- messages ---------------------------------------------------------------------------------

    def post(self, op: str, fds: list[int] | None = None, **body: Any) -> int:
        self._number += 1
        packet = json.dumps({"seq": self._number, "op": op, **body}).encode()
        socket.send_fds(self._socket, [packet], fds or [])
        return self._number

    def _next(self) -> Message:
        message: Message = json.loads(self._socket.recv(1 << 20))
        return message

    def answer(self, number: int) -> Message:
        while True:
            message = self._next()
            if "event" in message:
                self.events.append(message)
            elif message["seq"] == number:
                return message

    def call(self, op: str, fds: list[int] | None = None, **body: Any) -> Message:
        """The "ok" of an answer; an error is raised as Refused."""
        message = self.answer(self.post(op, fds, **body))
        if "error" in message:
            raise Refused(message["error"])
        ok: Message = message["ok"]
        return ok

    def event(self, name: str, id: str, **fields: Any) -> Message:
        """Wait for an event; those that came before count too, once."""
        seen = 0
        while True:
            for position, message in enumerate(self.events[seen:], seen):
                if message["event"] == name and message["id"] == id and fields.items() <= message.items():
                    return self.events.pop(position)
            seen = len(self.events)
            message = self._next()
            assert "event" in message, message
            self.events.append(message)

    # ---- containers -------------------------------------------------------------------------------

    def config(self, args: list[str], **changes: Any) -> Message:
        self._count += 1
        kinds = ("pid", "network", "mount", "ipc", "uts", "cgroup")
        config: Message = {
            "ociVersion": "1.2.0",
            "process": process(args),
            "root": {"path": "rootfs"},
            "hostname": "box",
            "mounts": default_mounts(),
            "linux": {
                "namespaces": [{"type": kind} for kind in kinds],
                "cgroupsPath": f"/{self.instance}/c{self._count}",
                "resources": {"devices": DEVICE_RULES},
                "maskedPaths": MASKED,
                "readonlyPaths": READ_ONLY,
            },
        }
        for key, value in changes.items():
            if key in ("process", "linux"):
                config[key].update(value)
            else:
                config[key] = value
        return config

    def create(
        self, config: Message, *, layers: list[Path] | None = None, ready_made: bool = False, **options: Any
    ) -> str:
        """Write a bundle for `config` and create it; its id."""
        request = self.request(config, layers=layers, ready_made=ready_made, **options)
        self.created = self.call("create", **request)
        return str(request["id"])

    def request(
        self, config: Message, *, layers: list[Path] | None = None, ready_made: bool = False, **options: Any
    ) -> Message:
        """Write a bundle for `config`; what to call "create" with."""
        id = f"t{self._count}-{secrets.token_hex(4)}"
        bundle = self.folder / "bundles" / id
        for name in ("upper", "work"):
            (bundle / name).mkdir(parents=True)
        (bundle / "config.json").write_text(json.dumps(config))
        words = [f"lowerdir+={layer}" for layer in (layers or [self.root])]
        words += [f"upperdir={bundle}/upper", f"workdir={bundle}/work"]
        rootfs = [] if ready_made else [{"type": "overlay", "source": "overlay", "options": words}]
        options.setdefault("log", {"path": f"{bundle}/log", "max_size": 1 << 20, "max_files": 3})
        return {"id": id, "bundle": str(bundle), "rootfs": rootfs, **options}

    def attach(self, id: str, *, framing: str = "raw", stdin: bool = True, **body: Any) -> socket.socket:
        """Our end of a new attachment."""
        ours, theirs = socket.socketpair()
        with theirs:
            body = {"stdin": stdin, "stdout": True, "stderr": True, "framing": framing} | body
            self.call("attach", [theirs.fileno()], id=id, **body)
        ours.settimeout(30)
        return ours

    def run(self, config: Message, **options: Any) -> tuple[int, bytes]:
        """Create, attach, start, wait, delete: (exit code, output of both streams)."""
        id = self.create(config, **options)
        client = self.attach(id, stdin=False)
        self.call("start", id=id)
        output = read_all(client)
        code = int(self.event("exit", id, exec=None)["exit_code"])
        self.call("delete", id=id)
        return code, output

    def shell(self, script: str, **changes: Any) -> str:
        code, output = self.run(self.config(["/bin/sh", "-c", script], **changes))
        assert code == 0, (code, output)
        return output.decode()

    def exec(self, id: str, args: list[str], **changes: Any) -> tuple[int, bytes]:
        name = "e" + secrets.token_hex(4)
        ours, theirs = socket.socketpair()
        attach = {"stdin": True, "stdout": True, "stderr": True, "framing": "raw", "head": encoded(b"")}
        body = {"id": id, "exec": name, "process": process(args), "attach": attach} | changes
        with theirs:
            self.call("exec", [theirs.fileno()], **body)
        ours.settimeout(30)
        output = read_all(ours)
        return int(self.event("exit", id, exec=name)["exit_code"]), output

    def close(self) -> None:
        for entry in self.call("list")["containers"]:
            self.call("delete", id=entry["id"], force=True)
        self.call("shutdown")
        self._socket.close()
        os.waitpid(self.pid, 0)
        assert not [path for top in group_folders(self.instance) for path in top.iterdir() if path.is_dir()]

    def abandon(self) -> None:
        """After a failure: end the warden and what it held, by pid."""
        self._socket.close()
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            return


def in_user_namespace(warden: Warden, args: list[str], **changes: Any) -> Message:
    config = warden.config(args, **changes)
    entry = [{"containerID": 0, "hostID": FIRST, "size": 65536}]
    config["linux"] |= {
        "namespaces": [{"type": kind} for kind in KINDS],
        "uidMappings": entry,
        "gidMappings": entry,
    }
    return config


DEVICE_RULES: list[Message] = [
    {"allow": False, "access": "rwm"},
    {"allow": True, "type": "c", "access": "m"},
    {"allow": True, "type": "b", "access": "m"},
    *(
        {"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}
        for major, minor in ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1))
    ),
]


class Refused(Exception):
    """The warden answered with an error."""

    def __init__(self, body: Message) -> None:
        super().__init__(body["message"])
        self.body = body
        self.kind = body["kind"]
        self.exit_code = body.get("exit_code")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read_all(client: socket.socket) -> bytes:
    parts: list[bytes] = []
    while data := client.recv(1 << 16):
        parts.append(data)
    client.close()
    return b"".join(parts)


def group_folders(instance: str) -> list[Path]:
    """What is left of a test instance in every control group tree."""
    return [*Path("/sys/fs/cgroup").glob(instance), *Path("/sys/fs/cgroup").glob(f"*/{instance}")]


def containers_groups(instance: str) -> list[Path]:
    """Groups of containers that are left; the warden's own spare is not one."""
    below = [path for top in group_folders(instance) for path in top.iterdir() if path.is_dir()]
    return [path for path in below if not path.name.startswith("spare-")]


def remove_groups(instance: str) -> None:
    """Kill and remove; children first, with a little patience for what is just ending."""
    for top in group_folders(instance):
        folders = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
        for folder in [*folders, top]:
            for pid in (folder / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
        for folder in [*folders, top]:
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except OSError:
                    time.sleep(0.02)


@contextmanager
def running(folder: Path) -> Iterator[Warden]:
    """A warden that is ended, with all its containers and groups, whatever happens."""
    warden = Warden(folder)
    try:
        yield warden
        warden.close()
    finally:
        warden.abandon()
        remove_groups(warden.instance)
