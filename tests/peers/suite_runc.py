"""runc's integration tests, in bats. Each test of each file is a program of its own: bats' own limit of time is
a process that some tests wait for.

The tests want two images that they would download. They are made here instead and put where the download would go:
busybox from the machine's static one, Debian from its packages. Two programs of runc's that the tests call, a
receiver of terminals and an agent of seccomp, are built from the same source.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.peers import busybox, sources
from tests.peers.suite import Program

_PACKAGE = "github.com/opencontainers/runc"
_TOOLS = ("recvtty", "seccompagent")
_LIBRARIES = Path("/usr/share/gocode")
_TEST = re.compile(r'^@test "([^"]+)" {$', re.MULTILINE)


class Runc:
    """Needs bats, jq, gawk, gcc, mmdebstrap, busybox-static, Go, and the Go libraries that runc is built from."""

    name = "runc"

    def __init__(self) -> None:
        self._tests = Path()

    def prepare(self, cache: Path) -> str:
        """The sources from the distribution, the tools built, the images in place."""
        source = sources.unpacked("runc", cache)
        self._tests = source / "tests/integration"
        for tool in _TOOLS:
            if not (source / "contrib/cmd" / tool / tool).exists():
                _build(source, tool, cache)
        architecture = _output(["go", "env", "GOARCH"])
        _image(self._tests / f"testdata/busybox-{architecture}.tar.xz", busybox.fill)
        _image(self._tests / f"testdata/debian-{architecture}.tar.xz", _debian)
        return sources.version("runc", cache)

    def programs(self, runtime: Path) -> list[Program]:
        """A program for each test, named FILE/TEST."""
        return [
            Program(
                name=f"{path.stem}/{name}",
                command=["bats", "--tap", "--filter", f"^{_escaped(name)}$", str(path)],
                environment={"RUNC": str(runtime), "TERM": "dumb"},
                terminal=True,
            )
            for path in sorted(self._tests.glob("*.bats"))
            for name in _TEST.findall(path.read_text())
        ]


def _escaped(name: str) -> str:
    """A pattern, as bash has them, that matches only `name`."""
    return re.sub(r"([][.*+?^$(){}|\\])", r"\\\1", name)


def _build(source: Path, tool: str, cache: Path) -> None:
    workspace = cache / "go"
    package = workspace / "src" / _PACKAGE
    package.parent.mkdir(parents=True, exist_ok=True)
    package.unlink(missing_ok=True)
    package.symlink_to(source)
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOPATH": f"{workspace}:{_LIBRARIES}",
        "GOCACHE": str(cache / "go-cache"),
    }
    folder = f"contrib/cmd/{tool}"
    command = ["go", "build", "-tags", "seccomp", "-o", f"{folder}/{tool}", f"./{folder}"]
    # Go finds the libraries by the path it is in, links not resolved.
    subprocess.run(command, cwd=package, env={**environment, "PWD": str(package)}, check=True)


def _debian(tree: Path) -> None:
    tree.rmdir()
    how = ("--quiet", "--variant=essential", "--mode=root", "--skip=output/mknod")
    subprocess.run(["mmdebstrap", *how, _suite(), tree], check=True)


def _suite() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("VERSION_CODENAME="))


def _image(archive: Path, fill: Callable[[Path], None]) -> None:
    if archive.exists():
        return
    with tempfile.TemporaryDirectory() as made:
        tree = Path(made) / "tree"
        tree.mkdir()
        fill(tree)
        # The name says xz; tar tells by the content, and an archive that is only read here need not be small.
        subprocess.run(["tar", "-C", tree, "-cf", archive, "."], check=True)


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.strip()
