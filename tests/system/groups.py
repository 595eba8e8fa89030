"""Where a test finds a container's control group, and what it reads there, on either version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TOP = Path("/sys/fs/cgroup")
VERSION = 2 if (TOP / "cgroup.controllers").exists() else 1


def folder(config: dict[str, Any], controller: str) -> Path:
    """The group of a config.json in the tree of `controller`."""
    tree = TOP if VERSION == 2 else TOP / controller
    return tree / str(config["linux"]["cgroupsPath"]).lstrip("/")


def setting(config: dict[str, Any], controller: str, v1: str, v2: str) -> str:
    """The text of the file that this version has."""
    return (folder(config, controller) / (v1 if VERSION == 1 else v2)).read_text().strip()


def counts(config: dict[str, Any], controller: str, name: str) -> dict[str, int]:
    """A file of "name number" lines."""
    lines = (folder(config, controller) / name).read_text().splitlines()
    return {key: int(value) for key, value in (line.split() for line in lines)}
