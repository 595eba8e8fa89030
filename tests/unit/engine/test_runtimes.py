"""Which runtimes can be named, and what config.json says to those that are not ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.engine.runtimes.choice import Runtimes
from hythe.engine.runtimes.portable import portable
from hythe.errors import InvalidArgument
from hythe.kernel import capabilities
from hythe.oci.spec import Spec
from hythe.runtime.protocol import Program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with runc in it and without crun."""
    for name in ("runc", "youki", "docker-init"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_names(path: Path) -> None:
    mine: Program = {"name": "mine", "path": f"{path}/youki", "args": ["--x"]}
    runtimes = Runtimes({"mine": mine}, "mine")
    assert [runtimes.name(asked) for asked in ("", "hythe", "runc", "io.containerd.runc.v2", "mine")] == [
        "mine", "hythe", "runc", "runc", "mine",
    ]  # fmt: skip
    assert runtimes.program("hythe") is None and runtimes.program("") is None
    assert runtimes.program("runc") == {"name": "runc", "path": f"{path}/runc", "args": []}
    assert sorted(runtimes.known()) == ["hythe", "mine", "runc"]


@pytest.mark.parametrize("name", ["crun", "youki", "../runc", "nosuch"])
def test_what_is_not_there_is_named_in_dockers_words(path: Path, name: str) -> None:
    """Only runc and crun are taken from the PATH: nobody names just any program of the host."""
    with pytest.raises(InvalidArgument, match=f"^unknown or invalid runtime name: {name} "):
        Runtimes({}).name(name)


def test_what_is_configured_comes_before_the_path(path: Path) -> None:
    other: Program = {"name": "runc", "path": f"{path}/youki", "args": []}
    assert Runtimes({"runc": other}).program("runc") == other


def config(**changes: object) -> Spec:
    sets = {"bounding": ["CAP_" + name for name in capabilities.NAMES], "effective": ["CAP_KILL"]}
    result: Spec = {
        "process": {"args": ["sh", "-c", "x"], "capabilities": sets},  # type: ignore[typeddict-item]
        "mounts": [],
        "linux": {"sysctl": {"net.a": "1"}, "rootfsPropagation": "private"},
        "annotations": {},
    }
    result.update(changes)  # type: ignore[typeddict-item]
    return result


def test_only_capabilities_that_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held = capabilities.mask(["CAP_KILL", "CAP_CHOWN"])
    monkeypatch.setattr(capabilities, "held", lambda: (held, held, 0))
    given = config()
    sets = portable(given)["process"]["capabilities"]
    assert sets == {"bounding": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_KILL"]}
    assert len(given["process"]["capabilities"]["bounding"]) == len(capabilities.NAMES)


def test_an_init_is_the_hosts(path: Path) -> None:
    result = portable(config(annotations={"org.hythe.init": "true"}))
    assert result["process"]["args"] == ["/sbin/docker-init", "--", "sh", "-c", "x"]
    assert result["mounts"][0]["source"] == f"{path}/docker-init"
    assert result["annotations"] == {}


def test_the_version_is_one_that_all_of_them_take() -> None:
    assert portable(config(ociVersion="1.2.0"))["ociVersion"] == "1.0.2"


def test_the_domain_name_is_a_parameter() -> None:
    result = portable(config(domainname="dom"))
    assert result["linux"]["sysctl"] == {"net.a": "1", "kernel.domainname": "dom"}
    assert "domainname" not in result


@pytest.mark.parametrize(
    ("words", "root"), [(["rprivate"], "private"), (["rslave"], "rslave"), (["rshared"], "shared")]
)
def test_the_root_propagates_as_a_volume_needs(words: list[str], root: str) -> None:
    mounts = [{"destination": "/v", "type": "bind", "source": "/v", "options": ["rbind", *words]}]
    assert portable(config(mounts=mounts))["linux"]["rootfsPropagation"] == root
