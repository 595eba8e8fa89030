"""The base images as real servers, and the example application on top of them: what `make demo` shows.

The images are made from Debian's packages, which takes a minute and needs a mirror in reach.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target

pytestmark = pytest.mark.root

SHOP = str(Path(__file__).parents[2] / "examples/shop/compose.yaml")
IMAGES = ("python:3.11-slim", "postgres:15", "redis:7", "nginx:latest")
PORT = "18480"


@pytest.fixture(scope="module")
def images(target: Target) -> Target:
    done = target.hythe("image", "bootstrap", *IMAGES, timeout=600)
    assert done.code == 0, done.err
    return target


@pytest.fixture
def shop(images: Target, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    monkeypatch.setitem(os.environ, "SHOP_PORT", PORT)
    try:
        yield images
    finally:
        images.hythe("compose", "-f", SHOP, "down", "-v", timeout=120)


def output(target: Target, *arguments: str, timeout: float = 60) -> str:
    done = target.hythe(*arguments, timeout=timeout)
    assert done.code == 0, done.err
    return done.out.strip()


def eventually(target: Target, *arguments: str, seconds: float = 20) -> str:
    """The output of a command as soon as it ends well."""
    end = time.monotonic() + seconds
    while (done := target.hythe(*arguments)).code != 0:
        assert time.monotonic() < end, done.err
        time.sleep(0.2)
    return done.out.strip()


def request(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = json.dumps(body).encode() if body is not None else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data), timeout=10) as answer:
        content: dict[str, Any] = json.load(answer)
    return content


def handled(number: int, seconds: float = 20) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while (order := request(f"/orders/{number}"))["state"] != "done":
        assert time.monotonic() < end, order
        time.sleep(0.1)
    return order


def test_busybox_is_bootstrapped(target: Target) -> None:
    assert target.hythe("image", "bootstrap", "--refresh", "busybox").code == 0
    assert output(target, "run", "--rm", "busybox", "echo", "well") == "well"


def test_debian_installs_packages(images: Target) -> None:
    command = "apt-get update -qq && apt-get install -y -qq hello > /dev/null 2>&1 && hello"
    said = output(images, "run", "--rm", "debian:bookworm-slim", "sh", "-c", command, timeout=120)
    assert said == "Hello, world!"


def test_python_is_three_eleven_and_has_pip(images: Target) -> None:
    said = output(
        images, "run", "--rm", "python:3.11-slim", "python", "-c", "import sys; print(sys.version_info[:2])"
    )
    assert said == "(3, 11)"
    assert "python 3.11" in output(images, "run", "--rm", "python:3.11-slim", "pip", "--version")


def test_postgres_keeps_its_data_and_takes_the_environment(images: Target) -> None:
    settings = ("-e", "POSTGRES_PASSWORD=secret", "-e", "POSTGRES_USER=ann", "-e", "POSTGRES_DB=things")
    sql = ("exec", "first-pg", "psql", "-h", "127.0.0.1", "-U", "ann", "things", "-Atc")
    try:
        output(
            images,
            "run",
            "-d",
            "--name",
            "first-pg",
            *settings,
            "-v",
            "pg:/var/lib/postgresql/data",
            "postgres:15",
        )
        eventually(images, *sql, "create table t as select 42 as x")
        assert output(images, "exec", "first-pg", "stat", "-c", "%u", "/proc/1") == "999"
        output(images, "rm", "-f", "first-pg")
        output(images, "run", "-d", "--name", "first-pg", "-v", "pg:/var/lib/postgresql/data", "postgres:15")
        assert eventually(images, *sql, "select x from t") == "42"
    finally:
        images.hythe("rm", "-f", "first-pg")
        images.hythe("volume", "rm", "pg")


def test_postgres_wants_a_password(images: Target) -> None:
    done = images.hythe("run", "--rm", "postgres:15")
    assert done.code == 1 and "POSTGRES_PASSWORD" in done.err


def test_redis_and_nginx_answer(images: Target) -> None:
    try:
        output(images, "run", "-d", "--name", "first-redis", "redis:7")
        assert eventually(images, "exec", "first-redis", "redis-cli", "ping") == "PONG"
        output(images, "run", "-d", "--name", "first-nginx", "-p", f"127.0.0.1:{PORT}:80", "nginx")
        eventually(images, "exec", "first-nginx", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/80")
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=10) as answer:
            assert b"nginx works" in answer.read()
        assert '"GET / HTTP/1.1" 200' in output(images, "logs", "first-nginx")
    finally:
        images.hythe("rm", "-f", "first-redis", "first-nginx")


def test_an_order_goes_through_the_shop_and_outlives_down(shop: Target) -> None:
    up = ("compose", "-f", SHOP, "up", "-d", "--build", "--wait")
    output(shop, *up, timeout=300)
    number = request("/orders", {"item": "tea", "quantity": 2})["id"]
    assert handled(number)["total"] == "6.40"
    output(shop, "compose", "-f", SHOP, "down", timeout=120)
    output(shop, *up, timeout=300)
    assert request(f"/orders/{number}")["state"] == "done"
    output(shop, "compose", "-f", SHOP, "down", "-v", timeout=120)
    output(shop, *up, timeout=300)
    assert request("/")["orders"] == []
