"""Where COPY and ADD take files from: the build context without what .dockerignore names, a stage, an image.

A `Source` is a tree with a matcher. What is picked from it is scanned once into a flat list of entries, in
order; the same list is then hashed for the cache (`content.py`) and written into the image (`copy.py`). Paths
of entries are real: every link on the way was resolved inside the tree by the kernel.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hythe.build.ignore import Matcher
from hythe.build.patterns import compile_pattern, has_wildcards
from hythe.build.tree import Tree
from hythe.errors import InvalidArgument, NotFound

_DEPTH: Final = 512


@dataclass(frozen=True)
class Entry:
    """`path` from the tree's root; `below` from the thing that was picked ("" is the thing itself)."""

    path: str
    below: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


@dataclass(frozen=True)
class Pick:
    """One thing that a COPY names, or that its pattern matched, with all that is below it.

    `asked` is its path as it was asked for, without links resolved: its last part is the name in the image.
    `pivot` counts the leading parts of it that --parents leaves out.
    """

    source: Source
    asked: str
    entries: list[Entry]
    pivot: int = 0

    @property
    def is_directory(self) -> bool:
        return self.entries[0].is_directory


@dataclass(frozen=True)
class Source:
    """A tree to copy from. `keeps_owner`: without --chown files keep their owner (stages, images).

    `host` is the tree's path on this machine, where it has one (the context).
    """

    tree: Tree
    label: str
    ignore: Matcher = field(default_factory=Matcher)
    keeps_owner: bool = False
    host: Path | None = None

    def pick(self, pattern: str, exclude: Matcher) -> list[Pick]:
        """What one source argument of COPY stands for. Raises NotFound when it is nothing.

        `exclude` holds the --exclude patterns, relative to each picked directory and to the source's root.
        """
        path = posixpath.normpath("/" + pattern).lstrip("/")
        names = self._matches(path) if has_wildcards(path) else [path]
        picks = [pick for name in names if (pick := self._one(name, exclude)) is not None]
        if not picks:
            raise NotFound(
                f"{pattern}: not found in the {self.label}",
                hint="paths are relative to the context, and .dockerignore may leave it out"
                if self.label == "build context"
                else None,
            )
        return picks

    def _one(self, path: str, exclude: Matcher) -> Pick | None:
        try:
            real = self.tree.real(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InvalidArgument(f"cannot read {path} of the {self.label}: {error.strerror}") from error
        status = self.tree.status(real)
        if status is None or (self._left_out(real) and not self._holds_some(real, status)):
            return None
        if exclude.excluded(path or ".") and exclude.prunable(path):
            return None
        entries = [Entry(real, "", status)]
        if stat.S_ISDIR(status.st_mode):
            entries += self._below(real, "", exclude, 0)
        return Pick(self, path, entries)

    def _left_out(self, path: str) -> bool:
        return bool(path) and self.ignore.excluded(path)

    def _holds_some(self, path: str, status: os.stat_result) -> bool:
        """Whether an excluded directory still has something that a `!` pattern took back."""
        if not stat.S_ISDIR(status.st_mode) or self.ignore.prunable(path):
            return False
        return next(self._below(path, "", Matcher(), 0), None) is not None

    def _below(self, path: str, below: str, exclude: Matcher, depth: int) -> Iterator[Entry]:
        """The entries of the directory `path`, in order, depth first, each directory before what is in it."""
        if depth > _DEPTH:
            raise InvalidArgument(f"{path} of the {self.label} is nested more than {_DEPTH} directories deep")
        for name, status in self._list(path):
            here = f"{path}/{name}" if path else name
            relative = f"{below}/{name}" if below else name
            out = self.ignore.excluded(here) or exclude.excluded(relative)
            directory = stat.S_ISDIR(status.st_mode)
            if out and (not directory or (self.ignore.prunable(here) and exclude.prunable(relative))):
                continue
            inner = self._below(here, relative, exclude, depth + 1) if directory else iter(())
            if out:
                first = next(inner, None)
                if first is None:
                    continue
                yield Entry(here, relative, status)
                yield first
            else:
                yield Entry(here, relative, status)
            yield from inner

    def _list(self, path: str) -> list[tuple[str, os.stat_result]]:
        descriptor = self.tree.directory(path)
        try:
            names = sorted(entry.name for entry in os.scandir(descriptor))
            return [(name, os.stat(name, dir_fd=descriptor, follow_symlinks=False)) for name in names]
        finally:
            os.close(descriptor)

    def _matches(self, pattern: str) -> list[str]:
        """The paths a pattern matches, part by part, so that only directories on its way are read."""
        parts = pattern.split("/")
        if "**" in pattern:
            expression = compile_pattern(pattern)
            everything = self._below("", "", Matcher(), 0)
            return [entry.path for entry in everything if expression.fullmatch(entry.path)]
        found = [""]
        for index, part in enumerate(parts):
            expression, last = compile_pattern(part), index == len(parts) - 1
            following = []
            for folder in found:
                if not self.tree.is_directory(folder):
                    continue
                for name, status in self._list(folder):
                    path = f"{folder}/{name}" if folder else name
                    if expression.fullmatch(name) and not (last and self._unseen(path, status)):
                        following.append(path)
            found = following
        return found

    def _unseen(self, path: str, status: os.stat_result) -> bool:
        return self._left_out(path) and not self._holds_some(path, status)
