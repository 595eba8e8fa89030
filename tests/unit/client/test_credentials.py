"""Docker's config.json, with and without helpers."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from hythe.client.credentials import DOCKER_HUB, Credentials, address, server_of
from hythe.errors import InvalidArgument, SystemProblem

HELPER = """#!/bin/sh
store="$(dirname "$0")/kept"
case $1 in
    store) cat > "$store" ;;
    get) read -r server; [ -e "$store" ] && exec cat "$store"
         echo "credentials not found in native keychain"; exit 1 ;;
    erase) rm "$store" ;;
    list) [ -e "$store" ] && echo '{"r.example": "alice"}' || echo '{}' ;;
esac
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "docker" / "config.json"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helper called "test"; the folder that it is in."""
    program = tmp_path / "bin" / "docker-credential-test"
    program.parent.mkdir()
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return program.parent


def test_servers() -> None:
    assert server_of("busybox") == server_of("docker.io/library/busybox") == server_of("me/app") == DOCKER_HUB
    assert server_of("localhost:5000/a/b") == "localhost:5000"
    assert address("https://r.example/v1/") == address("r.example") == "r.example"
    assert address("index.docker.io") == address("") == DOCKER_HUB


def test_what_is_kept_is_found_again_and_the_rest_stays(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"psFormat": "x", "auths": {"https://r.example/v1/": {"auth": "b2xkOm9sZA=="}}}')
    store = Credentials(file)
    assert store.get("r.example") == {"serveraddress": "r.example", "username": "old", "password": "old"}
    assert store.put("r.example", {"username": "alice", "password": "a:b"}) is None
    assert store.get("r.example")["password"] == "a:b"
    assert store.for_image("r.example/app") == store.get("r.example") and store.for_image("busybox") == {}
    config = json.loads(file.read_text())
    assert config["psFormat"] == "x" and list(config["auths"]) == ["r.example"]
    assert base64.b64decode(config["auths"]["r.example"]["auth"]) == b"alice:a:b"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert store.all() == {"r.example": store.get("r.example")}
    assert store.erase("r.example") and not store.erase("r.example")
    assert store.get("r.example") == {}


def test_an_identity_token_stands_for_the_password(file: Path) -> None:
    store = Credentials(file)
    store.put(DOCKER_HUB, {"username": "alice", "password": "secret", "identitytoken": "token"})
    assert "secret" not in file.read_text()
    assert store.for_image("busybox")["identitytoken"] == "token"


@pytest.mark.parametrize("config", [{"credsStore": "test"}, {"credHelpers": {"r.example": "test"}}])
def test_helpers(file: Path, helper: Path, config: dict[str, object]) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps(config))
    store = Credentials(file)
    assert store.get("r.example") == {}
    assert store.put("r.example", {"username": "alice", "password": "secret"}) == "test"
    assert "secret" not in file.read_text() and "secret" in (helper / "kept").read_text()
    assert store.get("r.example")["password"] == "secret"
    assert store.all()["r.example"]["username"] == "alice"
    assert store.erase("r.example") and not (helper / "kept").exists()


def test_what_is_wrong_with_a_file_or_a_helper(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"credsStore": "nosuch"}')
    with pytest.raises(SystemProblem, match="cannot run docker-credential-nosuch"):
        Credentials(file).get("r.example")
    for text, words in (
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"auths": {"r.example": {"auth": "%%%"}}}', "cannot be read"),
        ('{"credsStore": "../evil"}', "invalid credential helper"),
    ):
        file.write_text(text)
        with pytest.raises(InvalidArgument, match=words):
            Credentials(file).get("r.example")
