"""The same Dockerfiles built by hythe's builder and by dockerd's classic one: same configuration, same files."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hythe.build.rootfs import open_tree
from hythe.store.images import Image
from tests.system.build_harness import Workbench, archive
from tests.targets import Target, start_dockerd

pytestmark = pytest.mark.root

FILES: dict[str, str | bytes | Path] = {
    "a.txt": "A", "b.txt": "B", "d/one": "1", "d/sub/two": "2", "d/link": Path("sub/two"), "dlink": Path("d"),
    "skip/me": "", "skip/not": "", ".dockerignore": "skip\n!skip/not\n**/*.log\n", "x.log": "", "d/y.log": "",
    "archive.tgz": gzip.compress(archive({"m": (tarfile.DIRTYPE, ""), "m/f": (tarfile.REGTYPE, "hi")}), mtime=0),
}  # fmt: skip

DOCKERFILES = {
    "metadata": """FROM busybox
        ENV A=1 B="two words" C=$A
        ENV D three and $A
        LABEL one=1 "two"='2 2'
        EXPOSE 80 53/udp 7000-7002
        VOLUME ["/data", "/more"]
        WORKDIR /work
        WORKDIR sub
        USER nobody
        STOPSIGNAL SIGQUIT
        SHELL ["/bin/sh", "-ec"]
        CMD echo $A
        HEALTHCHECK --interval=5s --timeout=3s --retries=2 CMD test -e /x
        """,
    "entrypoint-resets": 'FROM busybox\nENTRYPOINT ["/bin/sh", "-c"]\n',
    "entrypoint-keeps": 'FROM busybox\nCMD ["x"]\nENTRYPOINT run it\n',
    "health-none": "FROM busybox\nHEALTHCHECK NONE\nMAINTAINER someone\n",
    "onbuild": "FROM busybox\nONBUILD RUN echo hi\nONBUILD COPY . /x\n",
    "substitution": """ARG BASE=busybox
        FROM $BASE
        ARG V=1.2
        ENV X=${V:-none} Y=${unset:-def} Z=${V:+set} Q="\\$V" P='$V' W=${unset}end
        LABEL x=$X
        WORKDIR /w/$X
        COPY a.txt ./${V}.txt
        """,
    "copy": """FROM busybox
        COPY a.txt /file
        COPY a.txt b.txt /dir/
        COPY d /contents
        COPY *.txt d /mixed/
        COPY dlink /linked
        COPY . /all/
        COPY a.txt /etc
        WORKDIR /work
        COPY a.txt .
        COPY ["b.txt", "with space/"]
        COPY --chown=nobody:wheel d /owned
        COPY --chown=12:34 a.txt /owned/deep/er/
        """,
    "stages": """FROM busybox AS one
        RUN mkdir /out && echo one > /out/f && chown 5:6 /out/f && ln -s f /out/l
        FROM busybox AS two
        COPY --from=one /out /out
        COPY --from=0 --chown=7 /out/f /g
        FROM scratch
        COPY --from=two /out /out
        COPY --from=two /g /
        CMD ["/nothing"]
        """,
    "run": """FROM busybox
        ARG V=x
        ENV E=e
        RUN echo $V $E > /out && touch /tmp/t && chmod 1777 /tmp && rm /bin/vi
        RUN ["/bin/sh", "-c", "echo exec >> /out"]
        RUN echo a \\
        # comment
            b >> /out
        WORKDIR /made/here
        USER 7:8
        RUN id -u > /tmp/id
        """,
    "workdir-and-user": """FROM busybox
        USER 7
        WORKDIR /mine/too
        COPY a.txt .
        COPY d sub/dir/
        WORKDIR relative
        """,
    "add": """FROM busybox
        ADD archive.tgz /x
        ADD archive.tgz /y/z/
        ADD --chown=3:4 a.txt /f
        COPY archive.tgz /kept
        """,
    "arguments": """ARG OUTER=o
        FROM busybox AS base
        ARG OUTER
        ARG INNER=i$OUTER
        ENV KEPT=$INNER
        RUN echo $OUTER $INNER > /seen
        FROM base
        ARG AGAIN=$KEPT
        RUN echo "$AGAIN" >> /seen
        EXPOSE ${PORT:-81}
        """,
    "links": """FROM busybox
        RUN mkdir /real && ln -s /real /alias && ln -s real/later /toward
        COPY a.txt /alias/x
        COPY d /alias/
        COPY b.txt /toward
        """,
}
FIELDS = (
    "Env", "Cmd", "Entrypoint", "User", "WorkingDir", "ExposedPorts", "Volumes", "Labels", "Shell", "StopSignal",
    "Healthcheck", "OnBuild",
)  # fmt: skip
STUBS = (".dockerenv", "dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab")


@pytest.fixture(scope="module")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with start_dockerd(tmp_path_factory.mktemp("peer")) as target:
        yield target


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    workbench = Workbench(tmp_path_factory.mktemp("bench"))
    yield workbench
    workbench.close()


@pytest.mark.parametrize("name", DOCKERFILES)
def test_same_image(name: str, bench: Workbench, dockerd: Target) -> None:
    text = "\n".join(line.strip() for line in DOCKERFILES[name].splitlines()) + "\n"
    context = bench.context({"Dockerfile": text, **FILES})
    built = dockerd.docker("build", "-q", str(context), timeout=300)
    assert built.code == 0, built.err
    theirs = json.loads(dockerd.docker("image", "inspect", built.out.strip()).out)[0]["Config"]
    image = bench.build(text, FILES)
    ours = msgspec.to_builtins(image.config)["config"]
    assert _fields(ours) == _fields(theirs)
    assert _our_files(bench, image) == _their_files(dockerd, built.out.strip())


def _fields(config: dict[str, Any]) -> dict[str, Any]:
    found = {name: config.get(name) or None for name in FIELDS}
    default = [entry for entry in found["Env"] or [] if not entry.startswith("PATH=/usr/local/sbin")]
    return found | {"Env": default}


def _wanted(path: str) -> bool:
    """Not the mount points that docker's export shows; "etc" is one of them where an image has none."""
    return path not in ("", "etc") and not any(path == stub or path.startswith(stub + "/") for stub in STUBS)


def _their_files(dockerd: Target, image: str) -> dict[str, str]:
    container = dockerd.docker("create", image, "true").out.strip()
    exported = subprocess.run(
        ["docker", "export", container], env=dockerd.env, capture_output=True, check=True
    ).stdout
    found = {}
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        for member in tar:
            path = member.name.removeprefix("./").rstrip("/")
            if not _wanted(path):
                continue
            content = ""
            if member.isfile() and member.size < 100 and (file := tar.extractfile(member)) is not None:
                content = file.read().decode()
            kind = "l" if member.issym() else "d" if member.isdir() else "-"
            mode = 0o777 if kind == "l" else member.mode & 0o7777
            link = member.linkname if member.issym() else ""
            found[path] = f"{kind} {mode:o} {member.uid}:{member.gid} {link}{content}"
    return {path: text for path, text in found.items() if not path.startswith("bin/")}


def _our_files(bench: Workbench, image: Image) -> dict[str, str]:
    found = {}
    with open_tree(bench.images.snapshots.view(bench.images.chain(image))) as tree:
        top = tree.directory("")
        for root, folders, files, descriptor in os.fwalk(".", dir_fd=top):
            for name in (*folders, *files):
                path = f"{root}/{name}".removeprefix("./")
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                kind = {stat.S_IFLNK: "l", stat.S_IFDIR: "d"}.get(stat.S_IFMT(status.st_mode), "-")
                link = os.readlink(name, dir_fd=descriptor) if kind == "l" else ""
                content = ""
                if kind == "-" and status.st_size < 100:
                    with open(os.open(name, os.O_RDONLY, dir_fd=descriptor), "rb") as file:
                        content = file.read().decode()
                mode = stat.S_IMODE(status.st_mode)
                found[path] = f"{kind} {mode:o} {status.st_uid}:{status.st_gid} {link}{content}"
        os.close(top)
    return {path: text for path, text in found.items() if _wanted(path) and not path.startswith("bin/")}
