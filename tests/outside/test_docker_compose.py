"""Debian's docker-compose 1.29, unmodified, in a full session with an application of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.targets import Result, Target
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]
PORT = 18481

APPLICATION = """
version: "2.4"
services:
  db:
    image: busybox
    init: true
    command: sh -c 'sleep 0.5; touch /tmp/ok; exec sleep 1000'
    volumes: ["data:/data"]
    healthcheck: {test: test -f /tmp/ok, interval: 1s, retries: 30}
    ulimits: {nofile: 1000}
  web:
    build: {context: ., args: {WORD: built}}
    command: httpd -f -p 80 -h /www
    environment: {WHO: "${WHO:-world}"}
    ports: ["127.0.0.1:PORT:80"]
    networks: {default: {aliases: [www]}, back: }
    depends_on: {db: {condition: service_healthy}}
    restart: always
    mem_limit: 64m
    labels: {tier: front}
    stop_signal: SIGKILL
networks: {back: {internal: true}}
volumes: {data: }
""".replace("PORT", str(PORT))
DOCKERFILE = """
FROM busybox
ARG WORD
RUN mkdir /www && echo $WORD > /www/index.html
"""


class Session:
    """docker-compose on one project."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self.folder = target, folder
        self.project = f"session{os.getpid()}"

    def __call__(self, *arguments: str, code: int = 0, **variables: str) -> Result:
        done = subprocess.run(
            ["docker-compose", "--no-ansi", "-p", self.project, *arguments],
            cwd=self.folder,
            env={**self.target.env, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120 * PATIENCE,
        )
        assert done.returncode == code, done
        return Result(done.returncode, done.stdout, done.stderr)

    def id(self, service: str) -> str:
        return self("ps", "-q", service).out.strip()

    def page(self) -> str:
        return self.target.in_network("curl", "-fsS", f"http://127.0.0.1:{PORT}/").out.strip()


@pytest.fixture
def session(target: Target, tmp_path: Path) -> Iterator[Session]:
    (tmp_path / "docker-compose.yml").write_text(APPLICATION)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    found = Session(target, tmp_path)
    try:
        yield found
    finally:
        found("down", "-v", "--remove-orphans", "--rmi", "local", "-t", "0")


def test_up_to_down(session: Session) -> None:
    session("config", "--quiet")
    session("build", "--quiet")
    session("up", "-d")
    inspected = session.target.inspect(session.id("web"))
    assert inspected["HostConfig"]["Memory"] == 64 << 20
    assert inspected["Config"]["Labels"]["com.docker.compose.project"] == session.project
    assert session.target.inspect(session.id("db"))["State"]["Health"]["Status"] == "healthy"
    wait_until(lambda: session.target.in_network("curl", "-fsS", f"http://127.0.0.1:{PORT}/").code == 0)
    assert session.page() == "built"
    assert session("port", "web", "80").out.strip() == f"127.0.0.1:{PORT}"
    assert "nofile" not in session("exec", "-T", "db", "sh", "-c", "ulimit -n").out
    assert session("exec", "-T", "db", "sh", "-c", "ulimit -n").out.strip() == "1000"
    assert session("exec", "-T", "db", "wget", "-qO-", "http://www").out.strip() == "built"
    session("exec", "-T", "web", "false", code=1)
    assert (
        session("run", "--rm", "-T", "-e", "X=y", "web", "sh", "-c", "echo $$X".replace("$$", "$")).out
        == "y\n"
    )
    assert "sleep 1000" in session("top", "db").out
    first = session.id("db")
    assert "is up-to-date" in session("up", "-d").err
    assert session.id("db") == first


@pytest.mark.slow
def test_only_what_has_changed_is_made_again(session: Session) -> None:
    session("up", "-d", "--build")
    db, web = session.id("db"), session.id("web")
    session("exec", "-T", "db", "touch", "/data/kept")
    session("up", "-d", WHO="moon")
    assert session.id("db") == db and session.id("web") != web
    assert "WHO=moon" in session.target.inspect(session.id("web"))["Config"]["Env"]
    session("up", "-d", "--force-recreate", "db")
    assert session.id("db") != db
    session("exec", "-T", "db", "test", "-f", "/data/kept")
    session("down")
    assert session.target.docker("volume", "ls", "-q", "-f", f"name={session.project}").out.strip()
    session("up", "-d", "db")
    session("exec", "-T", "db", "test", "-f", "/data/kept")


@pytest.mark.slow
def test_stop_start_pause_scale_and_logs(session: Session) -> None:
    session("up", "-d", "--scale", "db=2", "db")
    assert len(session.id("db").split()) == 2
    session("scale", "db=1")
    id = session.id("db")
    for command, status in (
        ("pause", "paused"), ("unpause", "running"), ("stop", "exited"), ("start", "running"),
        ("restart", "running"), ("kill", "exited"),
    ):  # fmt: skip
        session(command, *(["-t", "0"] if command in ("stop", "restart") else []), "db")
        assert session.target.inspect(id)["State"]["Status"] == status, command
    assert "Exit 137" in session("ps", "-a").out
    session("rm", "-f", "db")
    assert not session("ps", "-aq").out.strip()
    session("up", "-d", "--build")
    session.target.docker("exec", session.id("web"), "sh", "-c", "echo said > /proc/1/fd/1")
    assert "web_1  | said" in session("logs", "--tail", "5", "web").out


def test_hythe_sees_its_project(session: Session) -> None:
    session("up", "-d", "--build")
    names = {one["Service"] for one in map(json.loads, hythe(session, "ps", "--format", "json").splitlines())}
    assert names == {"db", "web"}
    hythe(session, "stop", "-t", "0")
    assert "Exit 137" in session("ps").out


def hythe(session: Session, *arguments: str) -> str:
    """Our own compose, on docker-compose's containers."""
    file = str(session.folder / "docker-compose.yml")
    done = session.target.hythe("compose", "-p", session.project, "-f", file, *arguments, timeout=120)
    assert done.code == 0, done.err
    return done.out
