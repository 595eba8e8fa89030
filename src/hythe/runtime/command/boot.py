"""What the warm copy's interpreter runs (`warm`): load the modules that a command needs in one go, then `main`.

`modules` beside this file has an index and then the code of each module, a piece for each (`pack` makes it). The index
names the modules that each verb begins with, in an order in which none finds another missing: they are run one after
the other, without the import system's search for each. What is imported later is found by `Warm`, or in the end as in
any Python program. Where a source has changed, the command goes on by the long way, which packs anew.

Nothing may be imported here that the interpreter has not loaded itself, and so not `__future__` either.
"""

import gc
import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

FRESH = "hythe-fresh"
"""Given by who has just packed: what has not changed need not be looked for."""
SIZE = 8
"""Bytes of the number that `modules` begins with: how long its index is."""
STANDINS, MAIN = "hythe.runtime.quick", "hythe.runtime.command.main"
"""Their orders are in the index besides the verbs'."""


class Warm:
    """Finds and loads what is in the file at `path`. Raises OSError."""

    def __init__(self, path: str) -> None:
        self._path = path
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        self._made = _identity(posix.fstat(fd))
        self._pieces = SIZE + int.from_bytes(posix.pread(fd, SIZE, 0), "little")
        index = marshal.loads(posix.pread(fd, self._pieces - SIZE, SIZE))
        self.parent, self.cold, self._modules, self._extensions, self.orders = index
        posix.close(fd)

    def changed(self, *orders: str) -> bool:
        """Whether a source of what is in them is not what it was."""
        return any(self._stale(name) for name in self._named(orders))

    def load(self, *orders: str) -> None:
        """Run what is in them, as far as it is not there. No descriptor stays open: its number may be one of those
        that the caller has for the container.
        """
        present = sys.modules
        fd = posix.open(self._path, posix.O_RDONLY | posix.O_CLOEXEC)
        for name in self._named(orders):
            if name not in present:
                _, _, path, package, _ = self._modules[name]
                parent, _, own = name.rpartition(".")
                module = present[name] = type(sys)(name)
                module.__file__, module.__package__ = path, name if package else parent
                if package:
                    module.__path__ = [path.rpartition("/")[0]]
                self._run(name, fd, module.__dict__)
                if parent:
                    setattr(present[parent], own, module)
                if parent == STANDINS:
                    present.setdefault(own[:-1], module)
        posix.close(fd)

    def _named(self, orders: tuple[str, ...]) -> list[str]:
        return [name for order in orders for name in self.orders[order]]

    def _stale(self, name: str) -> bool:
        path, made = self._modules[name][2], self._modules[name][4]
        try:
            status = posix.stat(path)
        except OSError:
            return True
        return bool((status.st_size, status.st_mtime_ns) != made)

    def _run(self, name: str, fd: int, names: dict[str, object]) -> None:
        offset, size, _, _, _ = self._modules[name]
        exec(marshal.loads(posix.pread(fd, size, self._pieces + offset)), names)

    # ---- as a finder and a loader of Python's import system -------------------------------------

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name in self._extensions:
            path = self._extensions[name]
            return ModuleSpec(name, ExtensionFileLoader(name, path), origin=path)
        if name not in self._modules or not self._same() or self._stale(name):
            return None
        _, _, path, package, _ = self._modules[name]
        spec = ModuleSpec(name, self, origin=path, is_package=package)  # type: ignore[arg-type]
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [path.rpartition("/")[0]]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        """An ordinary one."""

    def exec_module(self, module: object) -> None:
        names = vars(module)
        fd = posix.open(self._path, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            self._run(names["__name__"], fd, names)
        finally:
            posix.close(fd)

    def _same(self) -> bool:
        """Whether the file is still the one whose index this is: a long command may outlive it."""
        try:
            return _identity(posix.stat(self._path)) == self._made
        except OSError:
            return False


def _identity(status: posix.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns


def start(folder: str) -> None:
    """Become the command that sys.argv is."""
    gc.disable()
    warm = Warm(f"{folder}/modules")
    verb = next((word for word in sys.argv[1:] if word in warm.orders), MAIN)
    if FRESH not in sys._xoptions and warm.changed(STANDINS, MAIN, verb):
        posix.execv(warm.cold, [warm.cold, *sys.argv[1:]])
    sys.modules["encodings"].__path__.append(f"{sys.path[1]}/encodings")  # where all the others are
    sys.meta_path.insert(0, warm)
    sys.path.append(warm.parent)
    warm.load(STANDINS)
    sys.modules[STANDINS].install()
    warm.load(MAIN, verb)
    sys.modules[MAIN].main()


if __name__ == "__main__":
    start(__file__.rpartition("/")[0])
