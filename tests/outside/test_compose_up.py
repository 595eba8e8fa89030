"""`hythe compose` against either engine: an application brought up, changed, failing, and taken down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets import Target

APPLICATION = """
name: NAME
services:
  db:
    image: busybox
    init: true
    command: sh -c 'sleep 0.5; touch /tmp/ok; sleep 1000'
    volumes: ["data:/data", /anonymous]
    healthcheck: {test: test -f /tmp/ok, interval: 300ms, retries: 30}
  once:
    image: busybox
    command: ["sh", "-c", "echo done > /data/once"]
    volumes: ["data:/data"]
    depends_on: {db: {condition: service_healthy}}
  web:
    build: {dockerfile_inline: "FROM busybox\\nRUN echo built > /built\\n"}
    init: true
    command: sh -c 'echo "hello $$WHO"; sleep 1000'
    environment: {WHO: "${WHO:-world}"}
    networks: {default: {aliases: [www]}, back: }
    configs: [greeting]
    depends_on: {once: {condition: service_completed_successfully}}
networks: {back: }
volumes: {data: }
configs: {greeting: {content: "good day"}}
"""


class Compose:
    """Commands on one project."""

    def __init__(self, target: Target, file: Path) -> None:
        self._target, self._file = target, file

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        result = self._target.hythe("compose", "-f", str(self._file), *arguments)
        assert result.code == code, result.err
        return result.out, result.err

    def containers(self) -> dict[str, dict[str, object]]:
        lines = self("ps", "-a", "--format", "json")[0].splitlines()
        return {one["Name"]: one for one in map(json.loads, lines)}


@pytest.fixture
def shop(target: Target, tmp_path: Path) -> Iterator[Compose]:
    file = tmp_path / "compose.yaml"
    file.write_text(APPLICATION.replace("NAME", "outside"))
    compose = Compose(target, file)
    try:
        yield compose
    finally:
        compose("down", "-v", "-t", "0", "--rmi", "local", "--remove-orphans")


def test_an_application_from_up_to_down(shop: Compose, tmp_path: Path) -> None:
    said = shop("up", "-d", "--wait")[1]
    assert "Container outside-db-1  Healthy" in said
    found = shop.containers()
    assert {name: one["State"] for name, one in found.items()} == {
        "outside-db-1": "running",
        "outside-once-1": "exited",
        "outside-web-1": "running",
    }
    assert shop("exec", "-T", "web", "cat", "/built", "/greeting")[0] == "built\ngood day"
    assert shop("exec", "-T", "db", "cat", "/data/once")[0] == "done\n"
    assert "web-1  | hello world" in shop("logs", "web")[0]
    assert shop("exec", "-T", "web", "sh", "-c", "exit 7", code=7)
    assert shop("run", "--rm", "-T", "--no-deps", "web", "echo", "once")[0] == "once\n"

    shop("up", "-d")
    again = shop.containers()
    assert {name: one["ID"] for name, one in again.items()} == {
        name: one["ID"] for name, one in found.items()
    }

    (tmp_path / ".env").write_text("WHO=you\n")
    shop("up", "-d")
    changed = shop.containers()
    assert changed["outside-web-1"]["ID"] != found["outside-web-1"]["ID"]
    assert changed["outside-db-1"]["ID"] == found["outside-db-1"]["ID"]

    shop("up", "-d", "--scale", "web=2", "web")
    assert "outside-web-2" in shop.containers()
    shop("down", "-t", "0")
    assert shop.containers() == {}
    shop("up", "-d", "db")
    assert shop("exec", "-T", "db", "cat", "/data/once")[0] == "done\n", "volumes outlive down"


def test_a_dependency_that_fails_is_named(target: Target, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "name: failing\n"
        "services:\n"
        "  db: {image: busybox, init: true, command: sleep 100,"
        " healthcheck: {test: 'false', interval: 200ms, retries: 2}}\n"
        "  dead: {image: busybox, command: sh -c 'exit 4'}\n"
        "  web: {image: busybox, command: sleep 1, depends_on: {db: {condition: service_healthy}}}\n"
        "  web2: {image: busybox, depends_on: {dead: {condition: service_completed_successfully}}}\n"
    )
    compose = Compose(target, file)
    try:
        said = compose("up", "-d", "web", code=1)[1]
        assert "dependency failed to start: container failing-db-1 is unhealthy" in said
        said = compose("up", "-d", "web2", code=1)[1]
        assert "service 'dead' didn't complete successfully: exit 4" in said
    finally:
        compose("down", "-v", "-t", "0")


def test_a_mistake_changes_nothing(target: Target, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("name: wrong\nservices:\n  a:\n    image: busybox\n    comand: x\n")
    compose = Compose(target, file)
    said = compose("up", "-d", code=15)[1]
    assert f"{file}:5:5: services.a: unknown key 'comand'" in said and "'command'" in said
    file.write_text("name: wrong\nservices:\n  a: {image: busybox}\n")
    assert compose.containers() == {}


def test_the_foreground_ends_with_a_containers_exit_code(target: Target, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "name: front\nservices:\n"
        "  a: {image: busybox, command: sh -c 'echo first; sleep 0.3; echo last; exit 3'}\n"
        "  b: {image: busybox, init: true, command: sleep 100}\n"
    )
    compose = Compose(target, file)
    try:
        out = compose("up", "--exit-code-from", "a", code=3)[0]
        assert "a-1  | first\n" in out and "a-1  | last\n" in out and "a-1  | exited with code 3" in out
    finally:
        compose("down", "-t", "0")
