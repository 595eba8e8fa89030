"""The warm copy: what makes `hythe-runtime` start fast, in /run/hythe-warm/FOLDER-OF-THE-SCRIPT/.

    python        the interpreter, on a read-only mount: what `guard` wants is had without a second start
    interpreter   a link to the interpreter's own file; where the two are not one file, the copy is out of date
    pyvenv.cfg    tells the interpreter where its library is
    modules       the code of every module of the runtime, compiled, in one file, with each source's size and time
    boot.pyc      reads `modules`, compares them with the sources, and runs `main`

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

TOP = "/run/hythe-warm"
FRESH = "hythe-fresh"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PARTS = (
    "",
    "oci",
    "kernel",
    "kernel/cgroups",
    "runtime",
    "runtime/init",
    "runtime/quick",
    "runtime/command",
)
_OF_RUNTIME = ("__init__", "birth", "fork", "hooks", "listener", "protocol", "validate")
"""The rest of that package is the warden's."""
_LIBRARY = ("ctypes", "ctypes._endian", "struct")
_DETACH = 2

_BOOT = """
import gc, marshal, os, sys
gc.disable()
with open(FOLDER + "/modules", "rb") as file:
    sources, modules = marshal.loads(file.read())
def changed():
    try:
        for path, size, time in sources:
            status = os.stat(path)
            if status.st_size != size or status.st_mtime_ns != time:
                return True
    except OSError:
        return True
    return False
if "hythe-fresh" not in sys._xoptions and changed():
    os.execv(COLD, [COLD, *sys.argv[1:]])
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        found = modules.get(name)
        if found is None:
            return None
        spec = Spec(name, Finder, origin=found[1], is_package=found[2])
        spec.has_location = True
        if found[2]:
            spec.submodule_search_locations.append(os.path.dirname(found[1]))
        return spec
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        exec(marshal.loads(modules[module.__name__][0]), module.__dict__)
from _frozen_importlib import ModuleSpec as Spec
sys.meta_path.insert(0, Finder)
sys.path.append(PARENT)
from hythe.runtime import quick
quick.install()
from hythe.runtime.command.main import main
main()
"""


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
    for name in ("python", "interpreter", "pyvenv.cfg", "modules", "boot.pyc"):
        try:
            os.unlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
    try:
        os.removedirs(folder)
    except OSError:
        return  # another installation's are beside it


def _make(folder: str, cold: str) -> None:
    python = os.path.realpath(sys.executable)
    home = f"home = {os.path.dirname(python)}\n"
    if not _same(f"{folder}/python", python):
        _unmount(f"{folder}/python")
    boot = (
        _BOOT.replace("FOLDER", repr(folder))
        .replace("COLD", repr(cold))
        .replace("PARENT", repr(os.path.dirname(_PACKAGE)))
    )
    code = MAGIC_NUMBER + bytes(12) + marshal.dumps(compile(boot, f"{folder}/boot", "exec"))
    for name, data in (
        ("pyvenv.cfg", home.encode()),
        ("modules", marshal.dumps(_modules())),
        ("boot.pyc", code),
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
    pid = os.posix_spawn(place, [place, "-IS", "-c", "import os, ctypes"], {})
    if os.waitpid(pid, 0)[1] != 0:
        _unmount(place)
        raise OSError(0, "the interpreter does not run from there", place)


def _unmount(path: str) -> None:
    try:
        libc_call("umount2", path, _DETACH, path=path)
    except OSError:
        return  # nothing is mounted there


def _modules() -> tuple[list[tuple[str, int, int]], dict[str, tuple[bytes, str, bool]]]:
    """(path, size and time of each source; code, path and whether it is a package, by module)."""
    sources: list[tuple[str, int, int]] = []
    modules: dict[str, tuple[bytes, str, bool]] = {}
    for part in _PARTS:
        folder = os.path.join(_PACKAGE, part).rstrip("/")
        for name in sorted(os.listdir(folder)):  # noqa: PTH208
            if (
                name.endswith(".py")
                and name != "__main__.py"
                and (part != "runtime" or name[:-3] in _OF_RUNTIME)
            ):
                dotted = (
                    ".".join(("hythe", *part.split("/"), name[:-3]))
                    .replace("..", ".")
                    .removesuffix(".__init__")
                )
                modules[dotted] = _code(f"{folder}/{name}", sources)
    for name in _LIBRARY:
        __import__(name)
        modules[name] = _code(str(sys.modules[name].__file__), sources)
    return sources, modules


def _code(path: str, sources: list[tuple[str, int, int]]) -> tuple[bytes, str, bool]:
    status = os.stat(path)
    sources.append((path, status.st_size, status.st_mtime_ns))
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    return marshal.dumps(code), path, path.endswith("/__init__.py")
