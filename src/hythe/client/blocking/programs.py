# Made by scripts/blocking-client from ../aio/programs.py: change that, and run the script.
"""What runs in a container: its own program's streams and log, and further programs (exec)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.client.blocking.stream import Attached, Stream, stream
from hythe.client.config.options import Command, words
from hythe.client.decoding import Chunks
from hythe.client.drivers.blocking import Driver
from hythe.client.failures import start_failure
from hythe.client.problems import ProgramFailed
from hythe.client.values.containers import ContainerInfo, LogChunk, Output
from hythe.errors import HytheError


class Programs:
    """The part of a container that runs and talks."""

    id: str
    _driver: Driver

    def exec(
        self, command: Command, *, input: bytes | None = None, user: str = "", workdir: str = "",
        environment: Mapping[str, str] | None = None, privileged: bool = False, check: bool = False,
    ) -> Output:  # fmt: skip
        """Run a further program in it to its end. `check`: raise ProgramFailed where its exit code is not 0."""
        config = _exec_config(command, user, workdir, environment, privileged)
        config["AttachStdin"] = input is not None
        id = self._exec_create(config)
        with self._exec_attached(id, tty=False) as attached:
            if input is not None:
                attached.pour(input)
            stdout, stderr = attached.output()
        code = (self._driver.call("GET", f"/exec/{id}/json"))["ExitCode"]
        result = Output(int(code), stdout, stderr)
        if check and result.exit_code:
            raise ProgramFailed(f"{command} in {self.id[:12]}", result)
        return result

    def exec_attached(
        self, command: Command, *, tty: bool = False, user: str = "", workdir: str = "",
        environment: Mapping[str, str] | None = None, privileged: bool = False,
    ) -> Attached:  # fmt: skip
        """Start a further program in it, to talk to."""
        config = _exec_config(command, user, workdir, environment, privileged)
        id = self._exec_create({**config, "AttachStdin": True, "Tty": tty})
        return self._exec_attached(id, tty=tty)

    def attach(
        self, *, stdin: bool = False, stdout: bool = True, stderr: bool = True, logs: bool = False
    ) -> Attached:
        """Connect to its own program's streams; before `start`, nothing is lost. `logs`: what it has printed first."""
        query = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "logs": logs, "stream": True}
        connection = self._driver.hijack(f"/containers/{self.id}/attach", query)
        return Attached(self._driver.address, connection, tty=self._tty())

    def logs(self, *, tail: int | None = None, timestamps: bool = False) -> Output:
        """What it has printed until now, and the exit code of its last end."""
        pieces: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        for chunk in self.log_stream(follow=False, tail=tail, timestamps=timestamps):
            pieces[chunk.stream].append(chunk.data)
        state = ContainerInfo.read(self._driver.call("GET", f"/containers/{self.id}/json")).state
        return Output(state.exit_code, b"".join(pieces["stdout"]), b"".join(pieces["stderr"]))

    def log_stream(
        self, *, follow: bool = True, stdout: bool = True, stderr: bool = True, tail: int | None = None,
        since: str | float | None = None, timestamps: bool = False, timeout: float | None = None,
    ) -> Stream[LogChunk]:  # fmt: skip
        """Its log, and with `follow` what it prints until it ends. `timeout` in seconds bounds each wait."""
        query = {
            "follow": follow, "stdout": stdout, "stderr": stderr, "tail": tail, "since": since,
            "timestamps": timestamps,
        }  # fmt: skip
        tty = self._tty()
        answer = self._driver.stream("GET", f"/containers/{self.id}/logs", query, timeout=timeout)
        return stream(self._driver, answer, Chunks(tty=tty))

    def _exec_create(self, config: dict[str, Any]) -> str:
        return str((self._driver.call("POST", f"/containers/{self.id}/exec", {}, config))["Id"])

    def _exec_attached(self, id: str, *, tty: bool) -> Attached:
        try:
            connection = self._driver.hijack(f"/exec/{id}/start", {}, {"Detach": False, "Tty": tty})
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise
        return Attached(self._driver.address, connection, tty=tty)

    def _tty(self) -> bool:
        info = self._driver.call("GET", f"/containers/{self.id}/json")
        return bool(info["Config"].get("Tty"))


def _exec_config(
    command: Command, user: str, workdir: str, environment: Mapping[str, str] | None, privileged: bool
) -> dict[str, Any]:
    return {
        "Cmd": words(command), "User": user, "WorkingDir": workdir, "Privileged": privileged,
        "Env": [f"{name}={value}" for name, value in (environment or {}).items()],
        "AttachStdout": True, "AttachStderr": True,
    }  # fmt: skip
