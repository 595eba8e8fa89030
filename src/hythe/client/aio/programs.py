"""What runs in a container: its own program's streams and log, and further programs (exec)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.client.aio.stream import AsyncAttached, AsyncStream, stream
from hythe.client.config.options import Command, words
from hythe.client.decoding import Chunks
from hythe.client.drivers.aio import Driver
from hythe.client.failures import start_failure
from hythe.client.problems import ProgramFailed
from hythe.client.values.containers import ContainerInfo, LogChunk, Output
from hythe.errors import HytheError


class AsyncPrograms:
    """The part of a container that runs and talks."""

    id: str
    _driver: Driver

    async def exec(
        self, command: Command, *, input: bytes | None = None, user: str = "", workdir: str = "",
        environment: Mapping[str, str] | None = None, privileged: bool = False, check: bool = False,
    ) -> Output:  # fmt: skip
        """Run a further program in it to its end. `check`: raise ProgramFailed where its exit code is not 0."""
        config = _exec_config(command, user, workdir, environment, privileged)
        config["AttachStdin"] = input is not None
        id = await self._exec_create(config)
        async with await self._exec_attached(id, tty=False) as attached:
            if input is not None:
                attached.pour(input)
            stdout, stderr = await attached.output()
        code = (await self._driver.call("GET", f"/exec/{id}/json"))["ExitCode"]
        result = Output(int(code), stdout, stderr)
        if check and result.exit_code:
            raise ProgramFailed(f"{command} in {self.id[:12]}", result)
        return result

    async def exec_attached(
        self, command: Command, *, tty: bool = False, user: str = "", workdir: str = "",
        environment: Mapping[str, str] | None = None, privileged: bool = False,
    ) -> AsyncAttached:  # fmt: skip
        """Start a further program in it, to talk to."""
        config = _exec_config(command, user, workdir, environment, privileged)
        id = await self._exec_create({**config, "AttachStdin": True, "Tty": tty})
        return await self._exec_attached(id, tty=tty)

    async def attach(
        self, *, stdin: bool = False, stdout: bool = True, stderr: bool = True, logs: bool = False
    ) -> AsyncAttached:
        """Connect to its own program's streams; before `start`, nothing is lost. `logs`: what it has printed first."""
        query = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "logs": logs, "stream": True}
        connection = await self._driver.hijack(f"/containers/{self.id}/attach", query)
        return AsyncAttached(self._driver.address, connection, tty=await self._tty())

    async def logs(self, *, tail: int | None = None, timestamps: bool = False) -> Output:
        """What it has printed until now, and the exit code of its last end."""
        pieces: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        async for chunk in await self.log_stream(follow=False, tail=tail, timestamps=timestamps):
            pieces[chunk.stream].append(chunk.data)
        state = ContainerInfo.read(await self._driver.call("GET", f"/containers/{self.id}/json")).state
        return Output(state.exit_code, b"".join(pieces["stdout"]), b"".join(pieces["stderr"]))

    async def log_stream(
        self, *, follow: bool = True, stdout: bool = True, stderr: bool = True, tail: int | None = None,
        since: str | float | None = None, timestamps: bool = False, timeout: float | None = None,
    ) -> AsyncStream[LogChunk]:  # fmt: skip
        """Its log, and with `follow` what it prints until it ends. `timeout` in seconds bounds each wait."""
        query = {
            "follow": follow, "stdout": stdout, "stderr": stderr, "tail": tail, "since": since,
            "timestamps": timestamps,
        }  # fmt: skip
        tty = await self._tty()
        answer = await self._driver.stream("GET", f"/containers/{self.id}/logs", query, timeout=timeout)
        return stream(self._driver, answer, Chunks(tty=tty))

    async def _exec_create(self, config: dict[str, Any]) -> str:
        return str((await self._driver.call("POST", f"/containers/{self.id}/exec", {}, config))["Id"])

    async def _exec_attached(self, id: str, *, tty: bool) -> AsyncAttached:
        try:
            connection = await self._driver.hijack(f"/exec/{id}/start", {}, {"Detach": False, "Tty": tty})
        except HytheError as error:
            if failure := start_failure(error):
                raise failure from error
            raise
        return AsyncAttached(self._driver.address, connection, tty=tty)

    async def _tty(self) -> bool:
        info = await self._driver.call("GET", f"/containers/{self.id}/json")
        return bool(info["Config"].get("Tty"))


def _exec_config(
    command: Command, user: str, workdir: str, environment: Mapping[str, str] | None, privileged: bool
) -> dict[str, Any]:
    return {
        "Cmd": words(command), "User": user, "WorkingDir": workdir, "Privileged": privileged,
        "Env": [f"{name}={value}" for name, value in (environment or {}).items()],
        "AttachStdout": True, "AttachStderr": True,
    }  # fmt: skip
