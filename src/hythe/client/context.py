"""Build contexts: what `hythe build PATH` sends to the daemon, as the pieces of one tar.

From a directory, less what its .dockerignore leaves out; owners become root, as nobody's ids here mean
anything there. Files are read as they are sent: nothing is collected in memory or on disk. A Dockerfile from
outside of the directory, or from standard input, travels in the context under a name of its own.
Source: `docker build` documentation, "Build context".
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from hythe.base.ids import random_hex
from hythe.build.ignore import Matcher, parse
from hythe.errors import InvalidArgument, NotFound, SystemProblem, Unsupported

_CHUNK: Final = 256 * 1024
_MAGIC: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_TAR_MAGIC: Final = (257, b"ustar")
_REMOTE: Final = ("http://", "https://", "git://", "git@", "ssh://", "github.com/")


class Context(NamedTuple):
    """The tar to send, and the Dockerfile's name in it."""

    body: Iterable[bytes]
    dockerfile: str


def open_context(path: str, dockerfile: str | None, stdin: IO[bytes]) -> Context:
    """The context that PATH and --file mean; "-" is standard input, for one of the two."""
    if path.startswith(_REMOTE):
        raise Unsupported(
            f"building from {path} is not supported", hint="clone or fetch it, and name the directory"
        )
    if path == "-":
        if dockerfile == "-":
            raise InvalidArgument("standard input cannot be both context and Dockerfile")
        return _from_stream(stdin, dockerfile)
    root = Path(path)
    if not root.is_dir():
        kind = InvalidArgument if root.exists() else NotFound
        raise kind(f"the build context {path!r} is not a directory", hint="such as: hythe build .")
    if dockerfile == "-":
        return _with_file(root, stdin.read(), None)
    return _from_directory(root, dockerfile)


def directory_tar(root: Path, matcher: Matcher, always: Iterable[str] = ()) -> Iterator[bytes]:
    """The pieces of a tar of `root`, in the order of names, without its end blocks."""
    kept = frozenset(always)
    yield from _walk(root, "", matcher, kept)


def file_tar(name: str, data: bytes) -> bytes:
    """One regular file as it stands in a tar."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    return info.tobuf(tarfile.PAX_FORMAT) + data + _padding(len(data))


END: Final = b"\0" * 1024


def _from_stream(stdin: IO[bytes], dockerfile: str | None) -> Context:
    """A tar, compressed or not, is sent as it is; anything else is a Dockerfile without a context."""
    start = stdin.read(512)
    offset, word = _TAR_MAGIC
    if start.startswith(_MAGIC) or start[offset : offset + len(word)] == word:
        return Context(_continued(start, stdin), dockerfile or "Dockerfile")
    text = start + stdin.read()
    if not text.strip():
        raise InvalidArgument(
            "standard input is empty: no Dockerfile and no tar", hint="such as: hythe build - < Dockerfile"
        )
    return Context([file_tar("Dockerfile", text), END], "Dockerfile")


def _from_directory(root: Path, dockerfile: str | None) -> Context:
    where = root / "Dockerfile" if dockerfile is None else Path(dockerfile)
    if dockerfile is not None and not where.is_absolute() and not where.exists():
        where = root / dockerfile  # docker looks from the working directory; compose, from the context
    if not where.is_file():
        raise NotFound(f"there is no Dockerfile at {where}", hint="name it with -f FILE")
    try:
        name = where.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return _with_file(root, where.read_bytes(), where)
    own = Path(f"{where}.dockerignore")
    matcher = _matcher(own if own.is_file() else root / ".dockerignore")
    return Context(_ended(directory_tar(root, matcher, {name, ".dockerignore"})), name)


def _with_file(root: Path, text: bytes, where: Path | None) -> Context:
    name = f".dockerfile.{random_hex()}"
    own = Path(f"{where}.dockerignore") if where is not None else None
    matcher = _matcher(own if own is not None and own.is_file() else root / ".dockerignore")
    body = (piece for part in (iter([file_tar(name, text)]), directory_tar(root, matcher)) for piece in part)
    return Context(_ended(body), name)


def _matcher(path: Path) -> Matcher:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Matcher()
    except (OSError, UnicodeDecodeError) as error:
        raise SystemProblem(f"cannot read {path}: {error}") from error


def _walk(folder: Path, prefix: str, matcher: Matcher, kept: frozenset[str]) -> Iterator[bytes]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise SystemProblem(f"cannot read {folder}: {error.strerror}") from error
    for entry in entries:
        name = prefix + entry.name
        out = matcher.excluded(name) and name not in kept
        if entry.is_dir(follow_symlinks=False):
            if not out:
                yield _header(entry, name)
            # Below an excluded directory, an exception or the Dockerfile may still be wanted.
            if not out or not matcher.prunable(name) or any(one.startswith(f"{name}/") for one in kept):
                yield from _walk(Path(entry.path), f"{name}/", matcher, kept)
        elif not out:
            yield from _entry(entry, name)


def _entry(entry: os.DirEntry[str], name: str) -> Iterator[bytes]:
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        yield _header(entry, name)
        return
    if not stat.S_ISREG(mode):
        return  # sockets, pipes and devices have no content to send; docker leaves them out too
    try:
        with open(entry.path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            yield _header(entry, name, size)
            yield from _exactly(file, size)
    except OSError as error:
        raise SystemProblem(
            f"cannot read {entry.path}: {error.strerror}", hint="list it in .dockerignore if it is not needed"
        ) from error


def _header(entry: os.DirEntry[str], name: str, size: int = 0) -> bytes:
    status = entry.stat(follow_symlinks=False)
    info = tarfile.TarInfo(name)
    info.mode, info.mtime, info.size = stat.S_IMODE(status.st_mode), int(status.st_mtime), size
    if stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(Path(entry.path).readlink())
    return info.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")


def _exactly(file: IO[bytes], size: int) -> Iterator[bytes]:
    """As many bytes as the header promised, even if the file has changed meanwhile."""
    left = size
    while left:
        data = file.read(min(left, _CHUNK)) or b"\0" * min(left, _CHUNK)
        left -= len(data)
        yield data
    yield _padding(size)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)


def _ended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Joined to larger pieces, for each costs a chunk and a system call; then the end of the archive."""
    buffer = io.BytesIO()
    for piece in pieces:
        buffer.write(piece)
        if buffer.tell() >= _CHUNK:
            yield buffer.getvalue()
            buffer = io.BytesIO()
    buffer.write(END)
    yield buffer.getvalue()


def _continued(start: bytes, stdin: IO[bytes]) -> Iterator[bytes]:
    yield start
    while data := stdin.read(_CHUNK):
        yield data
