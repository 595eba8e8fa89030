"""hythe's own commands with a registry that wants to know who asks; credentials in docker's file, for both programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker_registry import Registry, docker_registry
from tests.targets import Result, Target
from tests.terminal import terminal


@pytest.fixture(scope="module")
def registry(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with docker_registry(target, tmp_path_factory.mktemp("cli") / "registry", password=True) as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's folder, empty."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker"


def login(target: Target, registry: Registry, password: bytes = b"secret\n") -> Result:
    return target.hythe("login", "-u", "alice", "--password-stdin", registry.host, stdin=password)


def done(result: Result) -> str:
    assert result.code == 0, result.err
    return result.out


def test_logging_in_and_out(target: Target, registry: Registry, folder: Path) -> None:
    wrong = login(target, registry, b"wrong")
    assert wrong.code == 1 and "failed with status: 401 Unauthorized" in wrong.err
    assert not (folder / "config.json").exists()
    assert done(login(target, registry)) == "Login Succeeded\n"
    assert done(target.hythe("login", registry.host)) == "Login Succeeded\n"
    assert list(json.loads((folder / "config.json").read_text())["auths"]) == [registry.host]
    assert done(target.docker("logout", registry.host)) == f"Removing login credentials for {registry.host}\n"
    assert done(target.hythe("logout", registry.host)) == f"Not logged in to {registry.host}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["login", "--password-stdin"], "Must provide --username with --password-stdin"),
        (["login", "-u", "a", "-p", "b", "--password-stdin"], "exclude each other"),
        (["login"], "standard input is not a terminal"),
        (["pull", "-a", "busybox:1"], "tag can't be used with --all-tags/-a"),
        (["push", "-a", "busybox:1"], "tag can't be used with --all-tags/-a"),
        (["pull", "UPPER"], "repository name must be lowercase"),
        (["push", "nosuch"], "An image does not exist locally with the tag: nosuch"),
    ],
)
def test_mistakes(target: Target, arguments: list[str], words: str) -> None:
    refused = target.hythe(*arguments)
    assert refused.code == 1 and words in refused.err and "Traceback" not in refused.err


def test_push_pull_run_and_build_know_who_asks(target: Target, registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.host}/cli/app"
    done(target.hythe("tag", "busybox", name))
    refused = target.hythe("push", name)
    assert refused.code == 1 and "no basic auth credentials" in refused.err
    done(login(target, registry))
    try:
        pushed = done(target.hythe("push", name))
        assert pushed.startswith(f"Using default tag: latest\nThe push refers to repository [{name}]\n")
        assert "Pushed\n" in pushed and "\nlatest: digest: sha256:" in pushed
        done(target.hythe("rmi", f"{name}:latest"))
        pulled = done(target.hythe("pull", name))
        assert f"Status: Downloaded newer image for {name}:latest\n{name}:latest\n" in pulled
        assert done(target.hythe("pull", "-q", name)) == f"{name}:latest\n"
        done(target.hythe("rmi", f"{name}:latest"))
        ran = target.hythe("run", "--rm", name, "echo", "here")
        assert ran.out == "here\n" and "Pulling from cli/app" in ran.err
        done(target.hythe("rmi", f"{name}:latest"))
        assert "Pulling from cli/app" in done(target.hythe("build", "-", stdin=f"FROM {name}\n".encode()))
        assert "Status: Image is up to date" in done(target.hythe("pull", "-a", name))
        again = target.hythe("run", "--rm", "--pull", "always", name, "echo", "here")
        assert again.out == "here\n" and "Image is up to date" in again.err
    finally:
        target.hythe("rmi", "-f", f"{name}:latest")


def test_bars_on_a_terminal(target: Target, registry: Registry) -> None:
    name = f"{registry.host}/cli/bars:1"
    done(login(target, registry))
    done(target.hythe("tag", "busybox", name))
    try:
        done(target.hythe("push", "-q", name))
        with terminal([sys.executable, "-m", "hythe", "push", name], target.env) as screen:
            assert screen.end() == 0
            assert "\x1b[1A\r\x1b[2K" in screen.shown and "Layer already exists" in screen.shown
    finally:
        target.hythe("rmi", "-f", name)


def test_searching_says_why_it_cannot(target: Target, registry: Registry) -> None:
    refused = target.hythe("search", f"{registry.host}/busybox")
    assert refused.code == 1 and "Unexpected status code" in refused.err


def test_compose_pushes_and_pulls(target: Target, registry: Registry, tmp_path: Path) -> None:
    name = f"{registry.host}/cli/composed:1"
    file = tmp_path / "compose.yaml"
    file.write_text(
        "name: composed\nservices:\n  web:\n    command: ['true']\n"
        f'    image: {name}\n    build: {{dockerfile_inline: "FROM busybox\\nLABEL a=b\\n"}}\n'
    )
    compose = ["compose", "-f", str(file)]
    try:
        done(target.hythe(*compose, "build"))
        assert target.hythe(*compose, "push").code == 1
        done(login(target, registry))
        assert f"Image {name}" in (pushed := target.hythe(*compose, "push")).err + pushed.out
        assert pushed.code == 0
        done(target.hythe("rmi", name))
        done(target.hythe(*compose, "pull"))
        assert done(target.hythe("inspect", "-f", "{{.Config.Labels.a}}", name)) == "b\n"
    finally:
        target.hythe("rmi", "-f", name)
