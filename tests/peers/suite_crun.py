"""crun's own tests: Python programs, and `init`, which tells from within a container what it sees there.

Each test of each file is a program of its own. The tests call crun's command line; `adapter` puts it into runc's.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.peers import sources
from tests.peers.suite import Program

_STAND_INS = Path(__file__).with_name("stand_ins")
_CONFIGURATION = "#define HAVE_SECCOMP 1\n#define HAVE_ERROR_H 1\n"


class Crun:
    """Needs a C compiler, the static C library, and libseccomp's headers."""

    name = "crun"

    def __init__(self) -> None:
        self._tests = Path()

    def prepare(self, cache: Path) -> str:
        """The sources from the distribution; `init` is compiled without the rest of crun."""
        self._tests = sources.unpacked("crun", cache) / "tests"
        init = self._tests / "init"
        if not init.exists():
            headers = cache / "crun-headers"
            headers.mkdir(exist_ok=True)
            (headers / "config.h").write_text(_CONFIGURATION)
            command = ["gcc", "-static", f"-I{headers}", "-o", str(init), str(self._tests / "init.c")]
            subprocess.run(command, check=True)
        return sources.version("crun", cache)

    def programs(self, runtime: Path) -> list[Program]:
        """A program for each test, named FILE/TEST."""
        return [
            Program(
                name=f"{file.stem.removeprefix('test_')}/{test}",
                command=[sys.executable, str(file)],
                environment={
                    "OCI_RUNTIME": str(runtime),
                    "INIT": str(self._tests / "init"),
                    "RUN_TESTS": test,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONPATH": str(_STAND_INS),
                },
                files={"tests": self._tests},
                terminal=file.stem == "test_tty",
                groups=("frozen",),
            )
            for file in sorted(self._tests.glob("test_*.py"))
            for test in _names(file)
        ]


def _names(file: Path) -> list[str]:
    """The keys of the dictionary `all_tests`, read without running the file."""
    for statement in ast.parse(file.read_text()).body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Dict)
            and any(isinstance(target, ast.Name) and target.id == "all_tests" for target in statement.targets)
        ):
            return [ast.literal_eval(key) for key in statement.value.keys if key is not None]
    return []
