"""The validation programs of OCI runtime-tools, built beforehand.

`--built DIR` names the folder with `runtimetest` and `validation/*/*.t`. The root file system of the containers is made
here, from the machine's static busybox.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.peers import busybox
from tests.peers.suite import Program


class RuntimeTools:
    """Needs the built programs and busybox-static."""

    name = "runtime-tools"

    def __init__(self, built: Path) -> None:
        self._built = built.resolve()
        self._files: dict[str, Path] = {}

    def prepare(self, cache: Path) -> str:
        """The root file system, as the archive that the programs unpack."""
        inside = self._built / "runtimetest"
        if not inside.exists():
            raise RuntimeError(
                f"{self._built} has no runtimetest; name the folder that runtime-tools was built in"
            )
        archive = cache / "rootfs-amd64.tar.gz"
        if not archive.exists():
            with tempfile.TemporaryDirectory() as tree:
                busybox.fill(Path(tree))
                subprocess.run(["tar", "-C", tree, "-czf", archive, "."], check=True)
        self._files = {"runtimetest": inside, archive.name: archive}
        version = self._built / "VERSION"
        return version.read_text().strip() if version.exists() else "unknown"

    def programs(self, runtime: Path) -> list[Program]:
        """A program for each folder of `validation`."""
        return [
            Program(
                name=path.stem,
                command=[str(path)],
                environment={"RUNTIME": str(runtime)},
                files=self._files,
                seconds=120,
            )
            for path in sorted(self._built.glob("validation/*/*.t"))
        ]
