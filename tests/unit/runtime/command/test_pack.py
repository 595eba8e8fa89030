"""The warm copy's modules: each verb's are all there, in an order in which none looks for another."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hythe
from hythe.runtime.command import boot
from hythe.runtime.command.main import VERBS
from hythe.runtime.command.pack import packed

PARENT = Path(hythe.__file__).parents[1]
PRELUDE = """
import sys
from hythe.runtime.command.boot import MAIN, STANDINS, Warm
for name in [name for name in sys.modules if name.startswith("hythe")]: del sys.modules[name]
warm = Warm(sys.argv[1])
warm.load(STANDINS)
sys.modules[STANDINS].install()
searched = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("hythe"): searched.append(name)
sys.meta_path.insert(0, Watch())
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warm") / "modules"
    path.write_bytes(packed(str(PARENT), "/nowhere"))
    return path


def loaded(file: Path, script: str) -> str:
    prelude = f"import sys; sys.path.insert(0, {str(PARENT)!r})\n{PRELUDE}"
    command = [sys.executable, "-IS", "-c", prelude + script, str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_loaded_without_a_search(file: Path, verb: str) -> None:
    script = f"warm.load(MAIN, {verb!r}); print(searched, 'hythe.runtime.command.{verb}' in sys.modules)"
    assert loaded(file, script) == "[] True"


def test_what_is_imported_later_is_found_in_it(file: Path) -> None:
    script = """
sys.meta_path.insert(0, warm)
sys.path.clear()
import hythe.runtime.command.spec as spec, _json
print(spec.__spec__.loader is warm, spec.__file__.endswith("/command/spec.py"))
"""
    assert loaded(file, script) == "True True"


def test_a_file_that_was_made_anew_is_let_be(file: Path, tmp_path: Path) -> None:
    """Its pieces are elsewhere; the modules come from where they are installed."""
    copy = tmp_path / "modules"
    copy.write_bytes(file.read_bytes())
    script = f"""
import os
os.rename({str(copy) + ".new"!r}, {str(copy)!r})
sys.meta_path.insert(0, warm)
import hythe.runtime.command.spec as spec
print(spec.__spec__.loader is warm)
"""
    copy.with_name("modules.new").write_bytes(b"else")
    assert loaded(copy, script) == "False"


def test_a_changed_source_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("x = 1\n")
    status = os.stat(source)
    places = {"source": (0, 0, str(source), False, (status.st_size, status.st_mtime_ns))}
    index = marshal.dumps(("", "", places, {}, {"verb": ["source"]}))
    file = tmp_path / "modules"
    file.write_bytes(len(index).to_bytes(boot.SIZE, "little") + index)
    warm = boot.Warm(str(file))
    assert not warm.changed("verb") and warm.find_spec("source")
    source.write_text("x = 10\n")
    assert warm.changed("verb") and not warm.find_spec("source")
    source.unlink()
    assert warm.changed("verb")


def test_every_module_of_it_gets_on_with_the_stand_ins(file: Path) -> None:
    script = """
sys.meta_path.insert(0, warm)
names = [name for name in warm._modules if name.startswith("hythe")]
for name in names: __import__(name)
print(len(names) > 80)
"""
    assert loaded(file, script) == "True"
