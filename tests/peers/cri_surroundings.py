"""Where critest and what it drives meet: namespaces of their own, in which the registries that it pulls from are here.

critest wants images of public registries. In a mount and a network namespace of its own, /etc/hosts leads their names
to a docker-registry on loopback, which has stand-ins: made of the machine's busybox, built and pushed by a hythe that
is started for that. Nothing outside is asked for, and nothing of the machine is changed.
"""

from __future__ import annotations

import subprocess
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.targets import Target, start_hythe
from tests.waiting import wait_until

REGISTRIES: Final = ("registry.k8s.io", "gcr.io", "k8s.gcr.io")
_TESTS, _TOOLS = "registry.k8s.io/e2e-test-images", "gcr.io/k8s-staging-cri-tools"
_CONFIGURATION: Final = """version: 0.1
storage: {{filesystem: {{rootdirectory: {root}/storage}}}}
http: {{addr: "127.0.0.1:80"}}
"""
_SERVER: Final = """#!/bin/sh
echo $$ > /var/run/{name}.pid
echo {name} serves
httpd -f -p {port} -h /www &
wait
"""
_SERVES: Final = """RUN mkdir -p /www /var/run && echo '<html>it works</html>' > /www/index.html
COPY {name} /bin/{name}
CMD ["/bin/{name}", "master process"]
"""
_USERS: Final = (
    "RUN echo 'www-data:x:33:33::/var/www:/bin/sh' >> /etc/passwd && echo 'www-data:x:33:' >> /etc/group\n"
)
_SCRIPTS: Final = {
    "pgrep": '#!/bin/sh\nps | grep -v -e grep -e /bin/sh | grep "$1"\n',
    "ipcs": "#!/bin/sh\ncat /proc/sysvipc/shm\n",
}
"""Debian's busybox is built without these."""
_GROUPS: Final = (
    "RUN echo 'default-user:x:1000:1000::/home:/bin/sh' >> /etc/passwd "
    "&& echo 'default-user:x:1000:' >> /etc/group && echo 'group-defined-in-image:x:50000:default-user' >> /etc/group\n"
    "USER 1000\n"
)
_ESCALATION: Final = """#include <stdio.h>
#include <unistd.h>
int main(void) { printf("Effective uid: %d\\n", geteuid()); return 0; }
"""


@dataclass(frozen=True)
class Surroundings:
    """`pid`: whoever holds the namespaces. `within`: a command that runs another one in them."""

    pid: int

    @property
    def within(self) -> tuple[str, ...]:
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net", f"--mount=/proc/{self.pid}/ns/mnt")


@dataclass(frozen=True)
class Image:
    """What an image adds to busybox: a Dockerfile's lines, and programs that these copy."""

    lines: str
    files: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def surroundings(
    folder: Path, images: Mapping[str, Image] | None = None, *, address: str = ""
) -> Iterator[Surroundings]:
    """Namespaces with the registries' names, and the images behind them: critest's, or those given.

    `folder` is for their files. `address`: one that the network is to have beside loopback's, with its prefix; the way
    out leads nowhere then.
    """
    with ExitStack() as stack:
        around = stack.enter_context(_namespaces(folder, address))
        stack.enter_context(_registry(around, folder))
        with (
            tempfile.TemporaryDirectory(prefix="critest-", ignore_cleanup_errors=True) as root,
            start_hythe(Path(root), *insecure(), within=around.within) as builder,
        ):
            _push_images(builder, folder, _images() if images is None else images)
            if images is None:
                _push_aliases(builder)
        yield around


def insecure() -> list[str]:
    """Flags of a hythe that may speak plain HTTP to them."""
    return [word for name in REGISTRIES for word in ("--insecure-registry", name)]


@contextmanager
def _namespaces(folder: Path, address: str) -> Iterator[Surroundings]:
    hosts, ready = folder / "hosts", folder / "ready"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(REGISTRIES)}\n")
    network = "ip link set lo up"
    if address:
        network += " && ip link add node0 type veth peer name node1 && ip link set node1 up"
        network += (
            f" && ip addr add {address} dev node0 && ip link set node0 up && ip route add default dev node0"
        )
    script = f"{network} && mount --bind {hosts} /etc/hosts && touch {ready} && exec sleep infinity"
    holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script])
    try:
        wait_until(lambda: ready.exists() or holder.poll() is not None)
        assert holder.poll() is None, "no namespaces could be made"
        yield Surroundings(holder.pid)
    finally:
        holder.kill()
        holder.wait()


@contextmanager
def _registry(around: Surroundings, folder: Path) -> Iterator[None]:
    (folder / "registry.yml").write_text(_CONFIGURATION.format(root=folder))
    command = [*around.within, "docker-registry", "serve", str(folder / "registry.yml")]
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        probe = [*around.within, "busybox", "wget", "-q", "-O", "-", "http://127.0.0.1/v2/"]
        wait_until(lambda: subprocess.run(probe, capture_output=True, check=False).returncode == 0)
        yield
    finally:
        process.terminate()
        process.wait()


def _push_images(builder: Target, folder: Path, images: Mapping[str, Image]) -> None:
    for name, image in images.items():
        _build(builder, name, image, folder)
        pushed = builder.docker("push", name)
        assert pushed.code == 0, pushed.err


def _push_aliases(builder: Target) -> None:
    for name, same in _ALIASES.items():
        assert builder.docker("tag", same, name).code == 0
        pushed = builder.docker("push", name)
        assert pushed.code == 0, pushed.err


def _build(builder: Target, name: str, image: Image, folder: Path) -> None:
    context = Path(tempfile.mkdtemp(dir=folder))
    (context / "Dockerfile").write_text(f"FROM busybox\nENV PATH=/bin\n{image.lines}")
    for file, text in image.files.items():
        (context / file).write_text(text)
        (context / file).chmod(0o755)
        if file.endswith(".c"):
            program = context / file.removesuffix(".c")
            subprocess.run(["cc", "-static", "-o", program, context / file], check=True)
    built = builder.docker("build", "-t", name, str(context), timeout=120)
    assert built.code == 0, built.err


def server(name: str, port: int) -> Image:
    return Image(_SERVES.format(name=name), {name: _SERVER.format(name=name, port=port)})


_ALIASES: Final = {
    f"{_TOOLS}/test-image-tags:2": f"{_TOOLS}/test-image-tags:1",
    f"{_TOOLS}/test-image-tags:3": f"{_TOOLS}/test-image-tags:1",
    "k8s.gcr.io/pause:3.9": "registry.k8s.io/pause:3.9",
}


def _images() -> dict[str, Image]:
    marked = {
        f"{_TOOLS}/test-image-{tag}": Image(f"RUN echo {tag} > /test\n")
        for tag in ("1", "2", "3", "latest", "tags:1", "tag:test", "tag:all", "digest")
    }
    users = {
        "uid": "1002",
        "username": "www-data",
        "uid-group": "1003:1004",
        "username-group": "www-data:1004",
    }
    escalation = 'COPY nnp /nnp\nRUN chmod 4755 /nnp\nCMD ["/nnp"]\n'
    return {
        f"{_TESTS}/busybox:1.29-2": Image(f"COPY pgrep ipcs /bin/\n{_USERS}", _SCRIPTS),
        f"{_TESTS}/nginx:1.14-2": server("nginx", 80),
        f"{_TESTS}/httpd:2.4.39-4": server("httpd-server", 80),
        f"{_TOOLS}/hostnet-nginx-amd64": server("nginx", 12003),
        f"{_TESTS}/nonewprivs:1.3": Image(escalation, {"nnp.c": _ESCALATION}),
        "registry.k8s.io/pause:3.9": Image('CMD ["tail", "-f", "/dev/null"]\n'),
        f"{_TOOLS}/test-image-predefined-group": Image(_GROUPS),
        **{f"{_TOOLS}/test-image-user-{n}": Image(f"{_USERS}USER {user}\n") for n, user in users.items()},
        **marked,
    }


def config_of_containerd(root: Path) -> str:
    """containerd's, for its CRI plugin alone: everything of its own is below `root`.

    A score for the out-of-memory killer that this machine's root may not give is left out, as hythe does it.
    """
    endpoints = "".join(
        f'[plugins."io.containerd.grpc.v1.cri".registry.mirrors."{name}"]\n  endpoint = ["http://127.0.0.1"]\n'
        for name in REGISTRIES
    )
    return (
        textwrap.dedent(f"""\
        version = 2
        root = "{root}/root"
        state = "{root}/state"
        [grpc]
          address = "{root}/containerd.sock"
        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "registry.k8s.io/pause:3.9"
          restrict_oom_score_adj = true
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/usr/lib/cni"
            conf_dir = "{root}/cni"
        """)
        + endpoints
    )
