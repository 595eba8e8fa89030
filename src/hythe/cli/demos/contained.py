"""Each program in a container of hythe's, with the limits that it is given: see `places`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from hythe.cli.demos.places import DISK, End, Limits, Program
from hythe.client import Client

IMAGE: Final = "hythe-demo"
DEFAULTS: Final[dict[str, Any]] = {"NetworkMode": "none"}


class Contained:
    """Speaks to the daemon behind `client`. Makes its own small image of busybox; gone with `close`."""

    data = "/data"
    bulk = "/var"

    def __init__(self, client: Client) -> None:
        from hythe.cli.bootstrap_busybox import CHANGES, archive, program, tools

        self._client = client
        self._ids: list[str] = []
        self._tag = f"{IMAGE}-{os.getpid()}"
        self.device = _block_device(str(client.info()["DockerRootDir"]))
        content, made = program()
        for _ in client.images.import_(archive(content, tools(content), made), self._tag, changes=CHANGES):
            pass

    def start(self, name: str, script: str, limits: Limits) -> Program:
        config = {
            "Image": self._tag,
            "Cmd": ["sh", "-c", script],
            "WorkingDir": self.data,
            "HostConfig": {**DEFAULTS, "Tmpfs": {self.data: f"size={DISK}"}, **limits},
        }
        id = self._client.containers.create(f"{self._tag}-{name}-{len(self._ids)}", config)
        self._ids.append(id)
        self._client.containers.start(id)
        return Contained._Container(self._client, id)

    def close(self) -> None:
        for id in self._ids:
            self._client.containers.remove(id, force=True, volumes=True)
        self._client.images.remove(self._tag, force=True)

    class _Container:
        def __init__(self, client: Client, id: str) -> None:
            self._client = client
            self._id = id

        def ended(self) -> End | None:
            state = self._client.containers.inspect(self._id)["State"]
            return None if state["Running"] else End(state["ExitCode"], state["OOMKilled"])

        def stop(self) -> None:
            self._client.containers.stop(self._id, timeout=1)

        def output(self) -> str:
            return b"".join(data for _, data in self._client.containers.logs(self._id)).decode(
                errors="replace"
            )


def _block_device(folder: str) -> str:
    """The whole disk that `folder` is on, which is what can be throttled; "" where it is on none (sysfs(5))."""
    number = os.stat(folder).st_dev
    place = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not place.exists():
        return ""
    whole = place.resolve()
    return f"/dev/{(whole.parent if (whole / 'partition').exists() else whole).name}"
