"""PostgreSQL and Redis as a test suite uses them: hythe's pytest fixtures, and the ordinary Python drivers."""

from __future__ import annotations

import psycopg
import pytest
import redis

from hythe.testing.engine import Engine
from hythe.testing.factories import ContainerFactory, NetworkFactory, VolumeFactory
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.usefixtures("servers")]

PASSWORD = {"POSTGRES_PASSWORD": "secret"}
READY = "database system is ready to accept connections"
SECONDS = 60 * PATIENCE


def test_redis(hythe_container: ContainerFactory) -> None:
    container = hythe_container("redis:7", wait_port=6379, timeout=SECONDS)
    where = container.published(6379)
    with redis.Redis(where.host, where.port) as client:
        assert client.set("key", "value") and client.get("key") == b"value"
        assert client.info()["redis_version"].startswith("7.")
    assert container.exec("redis-cli get key").stdout == b"value\n"


def test_postgres(hythe_container: ContainerFactory, hythe_volume: VolumeFactory) -> None:
    volume = hythe_volume()
    data = {volume.name: "/var/lib/postgresql/data"}
    for statement, rows in (("create table t as select 42 as x", []), ("select x from t", [(42,)])):
        container = hythe_container(
            "postgres:15", environment=PASSWORD, volumes=data, wait_log=READY, wait_port=5432, timeout=SECONDS
        )
        where = container.published(5432)
        with psycopg.connect(
            host=where.host, port=where.port, user="postgres", password="secret", connect_timeout=20
        ) as connection:
            done = connection.execute(statement)
            assert (done.fetchall() if done.description else []) == rows
        container.stop(timeout=20)


def test_a_network_of_servers(
    servers: Engine, hythe_container: ContainerFactory, hythe_network: NetworkFactory
) -> None:
    network = hythe_network()
    hythe_container(
        "redis:7", network=network.name, aliases=["cache"], wait_log="Ready to accept connections"
    )
    with servers.connect() as client:
        said = client.containers.check_output("redis:7", "redis-cli -h cache ping", network=network.name)
    assert said.stdout == b"PONG\n"
