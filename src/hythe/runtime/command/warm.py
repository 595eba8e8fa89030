"""The warm copy: what makes `hythe-runtime` start fast, in /run/hythe-warm/FOLDER-OF-THE-SCRIPT/.

    python        the interpreter, on a read-only mount: what `guard` wants is had without a second start
    interpreter   a link to the interpreter's own file; where the two are not one file, the copy is out of date
    python._pth   tells the interpreter where its library is; first there is
    lib/          what it imports before anything else: of all encodings, those it needs with -X utf8
    modules       the code of every module of the runtime, compiled, and when its source was changed (`pack`)
    boot.pyc      compares that with the sources, loads what the command needs, and runs `main` (`boot`)

The script beside it (`scripts/hythe-runtime`) looks for `python` and goes there; where there is none, or the sources
have changed, `cold` makes all of it anew. One mount for each installation is left on the host, until the next boot or
`remove`.
"""

# ruff: noqa: PTH100, PTH103, PTH108, PTH211
from __future__ import annotations

import fcntl
import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER

from hythe.kernel import mounts
from hythe.kernel.syscall import libc_call
from hythe.runtime.command.pack import packed

TOP = "/run/hythe-warm"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_ENCODINGS = ("__init__", "aliases", "utf_8")
_LIB = tuple(f"lib/encodings/{name}.pyc" for name in _ENCODINGS)
_FILES = ("python", "interpreter", "python._pth", *_LIB, "modules", "boot.pyc")
_DETACH = 2


def prepare(scripts: str) -> str | None:
    """Make what is missing or out of date for the script in the folder `scripts`. None where that cannot be."""
    cold = f"{scripts}/hythe-runtime-cold"
    if os.geteuid() != 0 or not os.path.exists(cold):  # noqa: PTH110
        return None
    folder = TOP + scripts
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make(folder, cold)
        finally:
            os.close(lock)
    except OSError:
        return None
    return folder


def remove(scripts: str) -> None:
    """Unmount, and remove the files."""
    folder = TOP + scripts
    _unmount(f"{folder}/python")
    for name in _FILES:
        try:
            os.unlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
    try:
        os.removedirs(f"{folder}/lib/encodings")
    except OSError:
        return  # another installation's are beside it


def _make(folder: str, cold: str) -> None:
    python = os.path.realpath(sys.executable)
    library = os.path.dirname(str(os.__file__))
    if not _same(f"{folder}/python", python):
        _unmount(f"{folder}/python")
    os.makedirs(f"{folder}/lib/encodings", exist_ok=True)
    for name, data in (
        ("python._pth", f"lib\n{library}\n{library}/lib-dynload\n".encode()),
        *((f"lib/encodings/{name}.pyc", _compiled(f"{library}/encodings/{name}.py")) for name in _ENCODINGS),
        ("modules", packed(os.path.dirname(_PACKAGE), cold)),
        ("boot.pyc", _compiled(f"{_PACKAGE}/runtime/command/boot.py")),
    ):
        _write(f"{folder}/{name}", data)
    if not _same(f"{folder}/python", python):
        _link(python, f"{folder}/interpreter")
        _mount(python, f"{folder}/python")


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except FileNotFoundError:
        return False


def _compiled(path: str) -> bytes:
    """The source `path` as a file that the interpreter takes without it."""
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True, optimize=2)
    return MAGIC_NUMBER + bytes(12) + marshal.dumps(code)


def _write(path: str, data: bytes) -> None:
    temporary = f"{path}.new"
    with open(temporary, "wb") as file:
        file.write(data)
    os.rename(temporary, path)  # noqa: PTH104


def _link(target: str, path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    os.symlink(target, path)


def _mount(python: str, place: str) -> None:
    """Attach a read-only clone, once a start from it has been seen to work. Raises OSError."""
    tree = mounts.clone(python, read_only=True)
    try:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
        target = os.open(place, os.O_PATH | os.O_CLOEXEC)
        try:
            mounts.attach(tree, target, name=place)
        finally:
            os.close(target)
    finally:
        os.close(tree)
    pid = os.posix_spawn(place, [place, "-ISX", "utf8", "-c", "import os, ctypes"], {})
    if os.waitpid(pid, 0)[1] != 0:
        _unmount(place)
        raise OSError(0, "the interpreter does not run from there", place)


def _unmount(path: str) -> None:
    try:
        libc_call("umount2", path, _DETACH, path=path)
    except OSError:
        return  # nothing is mounted there
