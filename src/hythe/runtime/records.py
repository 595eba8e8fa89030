"""What is written down about containers, so that a warden that follows can find them: DIR/ID/*.json.

state.json from the moment the process exists (with a foreign runtime from before that, with pid 0), exit.json
when it has ended; each whole or not there (a temporary file, renamed). The folder is normally on a tmpfs: what is
true only while this kernel runs need not be synced.
"""

# ruff: noqa: PTH103, PTH104
from __future__ import annotations

import json
import os
import shutil
from typing import TypedDict, cast

from hythe.runtime.protocol import ExitRecord, Program


class StateRecord(TypedDict):
    """A process is its pid and its start time, never the pid alone.

    `started`: nothing is to be done any more for it to run, should this warden end.
    """

    id: str
    bundle: str
    pid: int
    start_time: int
    cgroup: str
    terminal: bool
    runtime: Program | None
    started: bool


class Records:
    """The folder DIR."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)

    def folder(self, id: str) -> str:
        """Where those of one container are."""
        return f"{self._folder}/{id}"

    def write_state(self, state: StateRecord) -> None:
        os.makedirs(f"{self._folder}/{state['id']}", mode=0o700, exist_ok=True)
        self._write(state["id"], "state.json", state)

    def write_exit(self, id: str, exit: ExitRecord) -> None:
        self._write(id, "exit.json", exit)

    def _write(self, id: str, name: str, value: object) -> None:
        path = f"{self._folder}/{id}/{name}"
        temporary = f"{path}.tmp"
        with open(temporary, "w") as file:
            json.dump(value, file)
        os.rename(temporary, path)

    def remove(self, id: str) -> None:
        shutil.rmtree(f"{self._folder}/{id}", ignore_errors=True)

    def all(self) -> list[tuple[StateRecord, ExitRecord | None]]:
        """Every container that is written down; a folder without a whole state.json is removed."""
        found: list[tuple[StateRecord, ExitRecord | None]] = []
        for entry in os.scandir(self._folder):
            if not entry.is_dir(follow_symlinks=False):
                continue
            state = _read(f"{entry.path}/state.json")
            if state is None:
                shutil.rmtree(entry.path, ignore_errors=True)
                continue
            found.append(
                (cast(StateRecord, state), cast("ExitRecord | None", _read(f"{entry.path}/exit.json")))
            )
        return found


def _read(path: str) -> object | None:
    try:
        with open(path) as file:
            value: object = json.load(file)
            return value
    except (FileNotFoundError, ValueError):
        return None
