"""The integration tests of Kubernetes' Python clients, unmodified, each file a program that drives a cluster.

kr8s' come with its source distribution on PyPI; they start a cluster of `kind`, for which a module of that name stands
in that hands them ours. The official client's come in no package: a checkout is named with --built, and its folder
`kubernetes/e2e_test` is put into the installed package of the same version.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from tests.peers.cri_surroundings import Surroundings
from tests.peers.suite import Program
from tests.waiting import PATIENCE

_STAND_INS: Final = Path(__file__).with_name("stand_ins")
_TEST_SECONDS: Final = 120
_FILE_SECONDS: Final = 1800
_COMMON: Final = ("pytest==8.*", "pytest-asyncio==1.*", "pytest-timeout==2.*")


class Kr8s:
    """Needs PyPI, or what it has of these libraries in pip's cache."""

    name = "kr8s"
    version = "0.20.15"
    _clients = ("kubernetes==32.*", "kubernetes-asyncio", "lightkube", "pykube-ng")
    _libraries = (*_COMMON, "pytest-rerunfailures", "trio", *_clients)
    _files = ("test_api", "test_objects")  # the others need no cluster

    def __init__(self, checkout: Path | None = None) -> None:
        self._source = checkout
        self._python = Path()

    def prepare(self, cache: Path) -> str:
        """The tests unpacked and what they import installed, below `cache`; the version."""
        self._source = self._source or _unpacked(cache, self.name, self.version)
        self._python = _environment(cache, self.name, (*self._libraries, str(self._source)))
        return self.version

    def programs(self, around: Surroundings, kubeconfig: Path) -> list[Program]:
        assert self._source is not None, "prepare first"
        options = ["-o", "addopts=--keep-cluster", "-p", "pytest_kind", "--rootdir", str(self._source)]
        return [
            _program(
                self._python,
                around,
                kubeconfig,
                self._source / "kr8s/tests" / f"{name}.py",
                self._source,
                options,
            )
            for name in self._files
        ]


class OfficialClient:
    """See the module; needs PyPI too."""

    name = "kubernetes-client"

    def __init__(self, checkout: Path) -> None:
        self._source = checkout
        self._python = Path()
        self._tests = Path()

    def prepare(self, cache: Path) -> str:
        told = (self._source / "kubernetes/__init__.py").read_text()
        (major,) = re.findall(r'__version__ = "(\d+)', told)
        self._python = _environment(cache, self.name, (*_COMMON, f"kubernetes=={major}.*"))
        where = "import kubernetes; print(kubernetes.__path__[0], kubernetes.__version__)"
        found = subprocess.run(
            [self._python, "-c", where], capture_output=True, text=True, check=True
        ).stdout.split()
        self._tests = Path(found[0]) / "e2e_test"
        shutil.copytree(self._source / "kubernetes/e2e_test", self._tests, dirs_exist_ok=True)
        return found[1]

    def programs(self, around: Surroundings, kubeconfig: Path) -> list[Program]:
        options = ["--rootdir", str(self._tests)]
        return [
            _program(self._python, around, kubeconfig, file, self._tests.parents[1], options)
            for file in sorted(self._tests.glob("test_*.py"))
        ]


def _program(
    python: Path, around: Surroundings, kubeconfig: Path, file: Path, work: Path, options: list[str]
) -> Program:
    """`work`: the folder to run it in, below which it looks for its own files."""
    return Program(
        name=file.stem.removeprefix("test_"),
        command=[
            *around.within, "sh", "-c", 'cd "$0" && exec "$@"', str(work),
            str(python), "-m", "pytest", "-p", "no:cacheprovider", "-p", "tap_reporter",
            "--timeout", str(int(_TEST_SECONDS * PATIENCE)), *options, str(file),
        ],
        environment={
            "KUBECONFIG": str(kubeconfig),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(_STAND_INS),
        },
        seconds=_FILE_SECONDS,
    )  # fmt: skip


def _environment(cache: Path, name: str, libraries: tuple[str, ...]) -> Path:
    """The interpreter of a virtual environment with `libraries`."""
    environment = cache / f"{name}-venv"
    python = environment / "bin/python"
    if not (environment / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *libraries], check=True)
        (environment / "made").touch()
    return python


def _unpacked(cache: Path, name: str, version: str) -> Path:
    folder = cache / "sources" / name
    tree = folder / f"{name}-{version}"
    if not tree.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = ["--quiet", "--no-deps", "--no-binary", name, "--dest", str(folder), f"{name}=={version}"]
        subprocess.run([sys.executable, "-m", "pip", "download", *wanted], check=True)
        with tarfile.open(folder / f"{name}-{version}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return tree
