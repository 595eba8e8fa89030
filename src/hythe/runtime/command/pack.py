"""`modules` of the warm copy (`warm`): the code of everything that the commands may import, and what each begins with.

The import statements are read from the sources: those at the top of a module run when it is loaded, those in its
functions perhaps later. From the first follows an order for each verb (`boot.Warm.load`); a module of the standard
library is in the file when it is imported at a top, an extension module by its path alone. The docstrings are left
out, but those that are a command's help.
"""

from __future__ import annotations

import ast
import marshal
import os
import sys
from importlib.util import find_spec
from typing import NamedTuple

from hythe.runtime import quick
from hythe.runtime.command.boot import MAIN, SIZE, STANDINS
from hythe.runtime.command.main import VERBS

_OURS = "hythe"
_COMMANDS = "hythe.runtime.command"


class _Module(NamedTuple):
    """`top`: what it imports when it is loaded; `later`: all that it may import. `made`: its source's size and time."""

    path: str
    made: tuple[int, int]
    code: bytes
    top: list[str]
    later: list[str]

    @property
    def package(self) -> bool:
        return self.path.endswith("/__init__.py")


def packed(parent: str, cold: str) -> bytes:
    """The whole file. `parent` is the folder that hythe's package is in, `cold` the way there is without a copy."""
    pack = _Pack(parent)
    first = {STANDINS: STANDINS, MAIN: MAIN, **{verb: f"{_COMMANDS}.{verb}" for verb in VERBS}}
    for name in first.values():
        pack.add(name)
    places, offset = {}, 0
    for name, one in pack.modules.items():
        places[name] = (offset, len(one.code), one.path, one.package, one.made)
        offset += len(one.code)
    ordered = {key: pack.ordered(name) for key, name in first.items()}
    index = marshal.dumps((parent, cold, places, pack.extensions, ordered))
    pieces = [one.code for one in pack.modules.values()]
    return b"".join([len(index).to_bytes(SIZE, "little"), index, *pieces])


class _Pack:
    """Modules by name, as they are found from the first ones that are added."""

    def __init__(self, parent: str) -> None:
        self._parent = parent
        self.modules: dict[str, _Module] = {}
        self.extensions: dict[str, str] = {}

    def add(self, name: str, *, top: bool = True) -> None:
        """It, and what it imports. `top`: it is imported at the top of another."""
        path = "" if not name or name in self.modules else self._found(name, top=top)
        if not path:
            return
        module = self.modules[name] = self._read(name, path)
        for other in (name.rpartition(".")[0], *module.top):
            self.add(other)
        for other in module.later:
            self.add(other, top=False)

    def ordered(self, first: str) -> list[str]:
        """`first` and all that is imported at the tops, each after what it needs; a package before what is in it."""
        done: dict[str, None] = {}
        begun: set[str] = set()

        def visit(name: str) -> None:
            if name not in self.modules or name in begun:
                return
            begun.add(name)
            visit(name.rpartition(".")[0])
            module, inside = self.modules[name], f"{name}."
            for other in module.top:
                if not other.startswith(inside):
                    visit(other)
            done[name] = None
            for other in module.top:
                visit(other)

        visit(first)
        return list(done)

    def _found(self, name: str, *, top: bool) -> str:
        """The source's path; "" for what is no source or need not be here."""
        if name.partition(".")[0] == _OURS:
            for path in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
                if os.path.exists(f"{self._parent}/{path}"):  # noqa: PTH110
                    return f"{self._parent}/{path}"
            return ""
        if name in sys.builtin_module_names:
            return ""
        try:
            spec = find_spec(name)
        except ModuleNotFoundError:  # a name in a module, as `from a import b` may have
            return ""
        origin = (spec and spec.origin) or ""
        if origin.endswith(".so"):
            self.extensions[name] = origin
        return origin if top and origin.endswith(".py") else ""

    def _read(self, name: str, path: str) -> _Module:
        status = os.stat(path)
        made = status.st_size, status.st_mtime_ns
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
        optimize = 0 if name.startswith(_COMMANDS) else 2
        code = compile(tree, path, "exec", dont_inherit=True, optimize=optimize)
        return _Module(
            path, made, marshal.dumps(code), _imported(tree, deep=False), _imported(tree, deep=True)
        )


def _imported(tree: ast.AST, *, deep: bool) -> list[str]:
    """Names that may be modules, in the order of the statements, with those of the stand-ins for what these stand for.

    `deep`: also of the statements in functions.
    """
    names: list[str] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        elif deep or not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            names += _imported(node, deep=deep)
    return [
        f"{STANDINS}.{start}_" if (start := name.partition(".")[0]) in quick.NAMES else name
        for name in names
        if name
    ]
