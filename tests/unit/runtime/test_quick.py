"""The stand-ins do what the real modules do, and hand over to them for the rest. Each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hythe

SOURCES = Path(hythe.__file__).parents[1]
PRELUDE = (
    f"import sys; sys.path.insert(0, {str(SOURCES)!r}); from hythe.runtime import quick; quick.install()\n"
)


def run(script: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", PRELUDE + script]
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
print(json.dumps(value, indent=1).count("\\n") > 3)
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
real = [name for name in ("typing", "re", "enum", "json", "socket", "signal", "collections", "functools", "contextlib",
        "selectors", "argparse", "pathlib", "subprocess", "shutil")
        if name in sys.modules and "quick" not in sys.modules[name].__name__]
print(real)
"""
    assert run(script) == "[]"
