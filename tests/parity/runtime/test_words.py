"""The command line itself: flags in every notation, mistakes, spec, features, version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runtimes import Runtime

pytestmark = pytest.mark.root


def test_notations_of_flags(runtime: Runtime) -> None:
    id = runtime.running()
    for words in (
        ("list", "-f", "json"),
        ("list", "--format=json"),
        ("list", "-format", "json"),
        ("list", "-format=json"),
    ):
        assert id in {one["id"] for one in json.loads(runtime.ok(*words))}
    runtime.ok("delete", id, "--force")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("nonsense",), "No help topic for 'nonsense'"),
        (("run",), "requires exactly 1 argument"),
        (("run", "--nonsense", "x"), "flag provided but not defined: -nonsense"),
        (("--log-format", "xml", "list"), "xml"),
    ],
)
def test_mistakes(runtime: Runtime, words: tuple[str, ...], text: str) -> None:
    done = runtime(*words)
    assert done.code != 0
    assert text in done.err


def test_spec_writes_what_runs(runtime: Runtime, tmp_path: Path) -> None:
    runtime.ok("spec", "--bundle", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["process"]["args"] == ["sh"]
    config["process"] |= {"terminal": False, "args": ["/bin/id"]}
    config["root"]["path"] = str(runtime.image)
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "uid=0" in runtime.ok("run", "--bundle", tmp_path, "from-spec")
    done = runtime("spec", "--bundle", tmp_path)
    assert done.code == 1
    assert "exists" in done.err


def test_spec_for_an_ordinary_user(runtime: Runtime, tmp_path: Path) -> None:
    runtime.ok("spec", "--rootless", "--bundle", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert {"type": "user"} in config["linux"]["namespaces"]
    assert config["linux"]["uidMappings"][0]["size"] == 1


def test_features(runtime: Runtime) -> None:
    shown = json.loads(runtime.ok("features"))
    assert shown["ociVersionMin"] == "1.0.0"
    assert {"prestart", "poststop"} <= set(shown["hooks"])
    assert {"rbind", "ro", "rprivate"} <= set(shown["mountOptions"])
    linux = shown["linux"]
    assert {"pid", "network", "user"} <= set(linux["namespaces"])
    assert "CAP_KILL" in linux["capabilities"]
    assert linux["cgroup"]["v1"]
    assert linux["cgroup"]["v2"]
    assert "SCMP_ACT_ERRNO" in linux["seccomp"]["actions"]


def test_version(runtime: Runtime) -> None:
    assert "spec: 1." in runtime.ok("--version")


def test_help(runtime: Runtime) -> None:
    shown = runtime.ok("--help")
    assert "--root" in shown
    assert "delete" in shown
    assert "--pid-file" in runtime.ok("create", "--help")
