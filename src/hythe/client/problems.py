"""What only the Python client raises, beside `hythe.errors`."""

from __future__ import annotations

from hythe.client.values.containers import Output
from hythe.errors import HytheError


class ProgramFailed(HytheError):
    """A program that was run to its end gave an exit code other than 0; `output` is all of it."""

    def __init__(self, program: str, output: Output) -> None:
        said = (output.stderr or output.stdout).decode(errors="replace").strip()[-2000:]
        super().__init__(f"{program}: exit code {output.exit_code}" + (f":\n{said}" if said else ""))
        self.output = output


class NotReady(HytheError):
    """A container did not become what was waited for; `log` has its last lines."""

    def __init__(self, message: str, log: str) -> None:
        last = "\n".join(f"    {line}" for line in log.splitlines())
        super().__init__(
            f"{message}; its last lines:\n{last}" if last else f"{message}; it has printed nothing"
        )
        self.log = log
