"""The stand-ins do what the real modules do, and hand over to them for the rest. Each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import hythe

SOURCES = Path(hythe.__file__).parents[1]
PRELUDE = (
    f"import sys; sys.path.insert(0, {str(SOURCES)!r}); from hythe.runtime import quick; quick.install()\n"
)


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", PRELUDE + script, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_named_tuples() -> None:
    script = """
from typing import NamedTuple
class Point(NamedTuple):
    x: int
    y: int = 7
    def sum(self): return self.x + self.y
p = Point(1)
assert p == (1, 7) and p.sum() == 8 and Point(y=2, x=3) == (3, 2) and p._replace(x=5) == (5, 7)
a, b = p
try: Point()
except TypeError as error: print("x" in str(error))
"""
    assert run(script) == "True"


def test_json_as_the_real_one() -> None:
    script = """
import json, sys
value = {"a": [1, 2.5, None, True, "ü\\n"], "b": {}}
assert json.loads(json.dumps(value)) == value and json.loads(b' {"x": 1}\\n') == {"x": 1}
for wrong in ("", "{", "[1] x", '{"a":}'):
    try: json.loads(wrong)
    except ValueError as error: assert "line 1 column" in str(error), error
    else: raise SystemExit(wrong)
shown = json.dumps({**value, "c": {"d": [[], {}, [1]]}}, indent=2)
from hythe.runtime.quick import real
print(shown == real("json").dumps({**value, "c": {"d": [[], {}, [1]]}}, indent=2))
"""
    assert run(script) == "True"


def test_sockets_carry_descriptors() -> None:
    script = """
import os, socket
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
r, w = os.pipe()
socket.send_fds(a, [b"m"], [w])
data, fds, _, _ = socket.recv_fds(b, 10, 2)
os.write(fds[0], b"through")
print(data, os.read(r, 10))
"""
    assert run(script) == "b'm' b'through'"


def test_a_name_that_is_lacking_comes_from_the_real_module() -> None:
    script = """
import typing, collections, signal, contextlib, functools
print(typing.get_args(int), collections.OrderedDict(a=1)["a"], signal.Signals(9).name, contextlib.suppress.__name__)
"""
    assert run(script) == "() 1 SIGKILL suppress"


def test_context_managers() -> None:
    script = """
from contextlib import contextmanager
@contextmanager
def manager(log):
    log.append("in")
    try: yield 5
    finally: log.append("out")
log = []
with manager(log) as value: log.append(value)
try:
    with manager(log): raise KeyError
except KeyError: log.append("raised")
print(log)
"""
    assert run(script) == "['in', 5, 'out', 'in', 'out', 'raised']"


def test_the_slow_modules_are_not_imported() -> None:
    script = """
import hythe.runtime.command.main, hythe.runtime.command.run, hythe.runtime.command.foreground
real = [name for name in ("os", "_collections_abc", "typing", "ctypes", "re", "enum", "json", "socket", "signal",
        "collections", "functools", "contextlib",
        "selectors", "argparse", "pathlib", "subprocess", "shutil")
        if name in sys.modules and "quick" not in sys.modules[name].__name__]
print(real)
"""
    assert run(script) == "[]"


def test_libraries() -> None:
    script = """
import ctypes
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
class Pair(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint32), ("b", ctypes.c_uint64))
buffer = ctypes.create_string_buffer(100)
assert LIBC.gethostname(buffer, ctypes.c_long(100)) == 0 and buffer.value
assert LIBC.chdir(b"/nowhere") == -1 and ctypes.get_errno() == 2
array = (ctypes.c_uint32 * 2)(1, 2)
assert ctypes.sizeof(Pair) == 16 and array[1] == 2 and ctypes.PyDLL(None).Py_IsInitialized() == 1
print(ctypes.POINTER(ctypes.c_int) is not None, ctypes.c_void_p is not None)
"""
    assert run(script) == "True True"


def test_the_system() -> None:
    script = """
import os
from os import path
os.makedirs(sys.argv[1] + "/a/b/c", exist_ok=True); os.makedirs(sys.argv[1] + "/a/b/c", exist_ok=True)
assert path.isdir(sys.argv[1] + "/a/b/c") and os.environ["HOME"] and os.fsdecode(os.fsencode("\\udc80")) == "\\udc80"
try: os.makedirs(sys.argv[1] + "/a/b")
except FileExistsError: print(sum(1 for _ in os.walk(sys.argv[1])))
"""
    with tempfile.TemporaryDirectory() as folder:
        assert run(script, folder) == "4"
