"""`import hythe`: nothing is imported before it is asked for, every name is there, one half is made of the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hythe

ROOT = Path(__file__).parents[3]
WATCHED = ("hythe.", "typing", "asyncio", "dataclasses", "json")


def imported_by(source: str) -> set[str]:
    """The modules that an interpreter has after `source` and had not before."""
    program = f"import sys; before = set(sys.modules); {source}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_imports_nothing() -> None:
    assert imported_by("import hythe") == {"hythe"}


def test_a_blocking_client_needs_no_asyncio() -> None:
    assert "asyncio" not in imported_by("import hythe; hythe.connect('unix:///nosuch')")


def test_every_public_name_is_there() -> None:
    assert {name for names in hythe._WHERE.values() for name in names.split()} == set(hythe.__all__)
    for name in hythe.__all__:
        assert getattr(hythe, name).__name__ == name
    assert set(hythe.__all__) <= set(dir(hythe))


def test_the_blocking_half_is_what_the_script_makes() -> None:
    script = ROOT / "scripts/blocking-client"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_halves_have_the_same_methods() -> None:
    for blocking, aio in ((hythe.Client, hythe.AsyncClient), (hythe.Container, hythe.AsyncContainer)):
        renamed = {"aclose": "close"}
        assert {renamed.get(name, name) for name in vars(aio) if not name.startswith("_")} == {
            name for name in vars(blocking) if not name.startswith("_")
        }
