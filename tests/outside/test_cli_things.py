"""Images, builds, networks, volumes, and the client's own pages, against either daemon."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.targets import Target

DOCKERFILE = 'FROM busybox\nARG WHO=nobody\nCOPY a /a\nRUN echo "hello $WHO" >> /a/f\nCMD ["cat", "/a/f"]\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_text("first\n")
    (tmp_path / "a" / "skipped.log").write_text("x")
    (tmp_path / ".dockerignore").write_text("**/*.log\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def test_build(target: Target, project: Path) -> None:
    built = target.hythe("build", "-t", "made:1", "--build-arg", "WHO=you", "--label", "x=y", str(project))
    assert built.code == 0, built.err
    assert ": FROM busybox\n" in built.out
    try:
        assert target.hythe("run", "--rm", "made:1").out == "first\nhello you\n"
        assert target.hythe("run", "--rm", "made:1", "ls", "/a").out == "f\n"
        assert target.hythe("inspect", "-f", '{{index .Config.Labels "x"}}', "made:1").out == "y\n"
        quiet = target.hythe("build", "-q", "--build-arg", "WHO=you", "--label", "x=y", str(project))
        assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", quiet.out)
    finally:
        assert target.hythe("rmi", "-f", "made:1").code == 0


def test_a_failing_step(target: Target, tmp_path: Path) -> None:
    result = target.hythe("build", "-", stdin=b"FROM busybox\nRUN echo before; exit 3\n")
    assert result.code == 3  # the command's own, as docker has it
    assert "before" in result.out
    assert "3" in result.err
    assert result.err.startswith("hythe: ")


def test_names_of_images(target: Target) -> None:
    assert target.hythe("tag", "busybox", "other/name:v1").code == 0
    try:
        shown = target.hythe("images", "--format", "{{.Repository}}:{{.Tag}}", "other/name")
        assert shown.out == "other/name:v1\n"
        assert target.hythe("images", "-q", "other/name").out == target.hythe("images", "-q", "busybox").out
    finally:
        assert "Untagged: other/name:v1" in target.hythe("rmi", "other/name:v1").out


def test_archives(target: Target, tmp_path: Path) -> None:
    file = tmp_path / "saved.tar"
    assert target.hythe("save", "-o", str(file), "busybox").code == 0
    loaded = target.hythe("load", "-i", str(file))
    assert (loaded.code, "busybox:latest" in loaded.out) == (0, True)
    root = io.BytesIO()
    with tarfile.open(fileobj=root, mode="w") as archive:
        info = tarfile.TarInfo("hello")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"hi"))
    made = target.hythe("import", "-c", "ENV A=b", "-", "imported:1", stdin=root.getvalue())
    try:
        assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", made.out), made.err
        assert target.hythe("inspect", "-f", "{{json .Config.Env}}", "imported:1").out.endswith('"A=b"]\n')
    finally:
        target.hythe("rmi", "-f", "imported:1")


def test_networks(target: Target) -> None:
    assert target.hythe("network", "create", "--label", "a=b", "net1").code == 0
    try:
        assert target.hythe("network", "ls", "--filter", "label=a=b", "--format", "{{.Name}}").out == "net1\n"
        assert json.loads(target.hythe("network", "inspect", "net1").out)[0]["Driver"] == "bridge"
        assert target.hythe("run", "-d", "--name", "onnet", "busybox", "sleep", "100").code == 0
        assert target.hythe("network", "connect", "--alias", "also", "net1", "onnet").code == 0
        found = target.hythe(
            "run", "--rm", "--network", "net1", "busybox", "ping", "-c", "1", "-W", "5", "also"
        )
        assert found.code == 0, found.err
        assert target.hythe("network", "rm", "net1").code == 1
        assert target.hythe("network", "disconnect", "net1", "onnet").code == 0
    finally:
        target.hythe("rm", "-f", "onnet")
        assert target.hythe("network", "rm", "net1").code == 0


def test_volumes(target: Target) -> None:
    assert target.hythe("volume", "create", "vol1").out == "vol1\n"
    try:
        assert (
            target.hythe("run", "--rm", "-v", "vol1:/v", "busybox", "sh", "-c", "echo kept > /v/f").code == 0
        )
        assert target.hythe("run", "--rm", "-v", "vol1:/v:ro", "busybox", "cat", "/v/f").out == "kept\n"
        assert target.hythe("volume", "ls", "-q", "-f", "name=vol1").out == "vol1\n"
    finally:
        assert target.hythe("volume", "rm", "vol1").out == "vol1\n"
    assert target.hythe("volume", "inspect", "vol1").code == 1


def test_events_and_information(target: Target) -> None:
    target.hythe("run", "--rm", "--name", "seen", "busybox", "true")
    shown = target.hythe(
        "events", "--since", "1m", "--until", "0s", "-f", "container=seen", "--format", "{{.Action}}"
    )
    assert {"create", "start", "die", "destroy"} <= set(shown.out.split())
    assert json.loads(target.hythe("version", "--format", "json").out)["Server"]["ApiVersion"]
    assert target.hythe("info", "--format", "{{.NCPU}}").out.strip().isdigit()
    assert target.hythe("system", "df").out.startswith("TYPE ")


def test_help_and_suggestions(target: Target) -> None:
    assert "Usage:  hythe" in target.hythe("--help").out
    assert "--publish" in target.hythe("run", "--help").out
    wrong = target.hythe("netwrok")
    assert wrong.code == 1
    assert "'network'" in wrong.err


def test_nobody_there(target: Target, tmp_path: Path) -> None:
    result = target.hythe("-H", f"unix://{tmp_path}/none.sock", "ps")
    assert result.code == 1
    assert f"unix://{tmp_path}/none.sock" in result.err


def test_a_reader_that_goes_away(target: Target) -> None:
    command = f"{sys.executable} -m hythe --help | head -1"
    done = subprocess.run(["sh", "-c", command], env=target.env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
