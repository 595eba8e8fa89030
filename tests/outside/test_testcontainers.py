"""testcontainers-python, unmodified, on hythe: real PostgreSQL and Redis.

Ryuk, its cleaner, is an image that no package has and is switched off; contexts remove what they made.
"""

from __future__ import annotations

import psycopg
import pytest
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from hythe.testing.engine import Engine

pytestmark = [pytest.mark.root, pytest.mark.slow]  # the images of both servers are made first


@pytest.fixture(autouse=True)
def on_hythe(servers: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", servers.host)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)


def test_postgres() -> None:
    with PostgresContainer("postgres:15", username="ann", password="secret", dbname="things") as postgres:
        with psycopg.connect(postgres.get_connection_url(driver=None)) as connection:
            answer = connection.execute("select current_user, current_database(), version()").fetchone()
        assert answer is not None and answer[:2] == ("ann", "things")
        assert answer[2].startswith("PostgreSQL 15.")
        code, output = postgres.exec(["psql", "-U", "ann", "-d", "things", "-Atc", "select 6 * 7"])
        assert (code, output) == (0, b"42\n")


def test_redis() -> None:
    with RedisContainer("redis:7") as container:
        client = container.get_client()
        assert client.set("key", "value") and client.get("key") == b"value"
        client.close()


def test_a_container_and_its_network(servers: Engine) -> None:
    with (
        Network() as network,
        DockerContainer("redis:7")
        .with_network(network)
        .with_network_aliases("cache")
        .waiting_for(LogMessageWaitStrategy("Ready to accept connections")),
        DockerContainer("redis:7")
        .with_network(network)
        .with_command(["sh", "-c", "redis-cli -h cache ping; exec sleep 1000"])
        .waiting_for(LogMessageWaitStrategy("PONG")) as client,
    ):
        assert client.get_logs() == (b"PONG\n", b"")
    with servers.connect() as engine:
        assert engine.containers.list(all=True) == ()
