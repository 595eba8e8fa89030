"""docker-py's own integration tests, unmodified, each file a program that drives the engine at DOCKER_HOST.

They come with docker-py's source distribution on PyPI up to version 7.0.0; a newer one is a checkout that is named
with --built. They run in a virtual environment of their own, and import docker-py from beside themselves. Left out
are the files about Swarm and plugins, and those about programs that keep passwords, in which no engine takes part.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.peers.suite import Program
from tests.waiting import PATIENCE

VERSION = "7.0.0"
_LIBRARIES = (
    "packaging", "paramiko==3.5.*", "pytest==7.4.*", "pytest-timeout==2.1.*", "requests==2.31.*", "urllib3==2.*",
    "websocket-client==1.8.*",
)  # fmt: skip
_SWARM_AND_PLUGINS = re.compile(r"(api|models)_(config|nodes?|plugin|secret|services?|swarm)_test")
_STAND_INS = Path(__file__).with_name("stand_ins")
_API_VERSION = "1.41"
_TEST_SECONDS = 90
_FILE_SECONDS = 1800


class DockerPy:
    """Needs PyPI, or what it has of these libraries in pip's cache."""

    name = "docker-py"

    def __init__(self, checkout: Path | None = None) -> None:
        self._source = checkout
        self._python = Path()

    def prepare(self, cache: Path) -> str:
        """The tests unpacked and what they import installed, below `cache`; the version."""
        environment = cache / "docker-py-venv"
        self._python = environment / "bin/python"
        if not (environment / "made").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            subprocess.run([self._python, "-m", "pip", "install", "--quiet", *_LIBRARIES], check=True)
            (environment / "made").touch()
        if self._source is not None:
            return _described(self._source)
        self._source = _unpacked(cache)
        return VERSION

    def programs(self, host: str) -> list[Program]:
        """A program for each file, to be run against the engine at `host`."""
        assert self._source is not None, "prepare first"
        files = sorted((self._source / "tests/integration").glob("*_test.py"))
        return [
            Program(
                name=file.stem.removesuffix("_test"),
                command=[
                    str(self._python), "-m", "pytest", "-p", "no:cacheprovider", "-p", "tap_reporter",
                    "--timeout", str(int(_TEST_SECONDS * PATIENCE)), str(file),
                ],
                environment={
                    "DOCKER_HOST": host,
                    "DOCKER_TEST_API_VERSION": _API_VERSION,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONPATH": str(_STAND_INS),
                },
                seconds=_FILE_SECONDS,
            )
            for file in files
            if not _SWARM_AND_PLUGINS.fullmatch(file.stem)
        ]  # fmt: skip


def _described(checkout: Path) -> str:
    """What git says of a checkout; of one without its history, "of a checkout"."""
    command = ["git", "-C", str(checkout), "describe", "--tags", "--always"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() if told.returncode == 0 else "of a checkout"


def _unpacked(cache: Path) -> Path:
    tree = cache / "sources/docker-py" / f"docker-{VERSION}"
    if not tree.exists():
        folder = tree.parent
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [
            "--quiet",
            "--no-deps",
            "--no-binary",
            "docker",
            "--dest",
            str(folder),
            f"docker=={VERSION}",
        ]
        subprocess.run([sys.executable, "-m", "pip", "download", *wanted], check=True)
        with tarfile.open(folder / f"docker-{VERSION}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return tree
