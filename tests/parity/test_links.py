"""Links: variables and /etc/hosts on the default network, one more name on any other."""

from __future__ import annotations

import json

import pytest

from tests.parity.serving import idle
from tests.targets import Target

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


def address(target: Target, name: str) -> str:
    return str(target.inspect(name)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])


def test_on_the_default_network(target: Target) -> None:
    idle(
        target,
        "data-base",
        "--expose",
        "5432",
        "--expose",
        "53/udp",
        "-e",
        "SECRET=x y",
        "--hostname",
        "store",
    )
    idle(target, "web", "--link", "data-base:db-1", "--link", "data-base")
    ip = address(target, "data-base")
    hosts = target.docker("exec", "web", "cat", "/etc/hosts").out.splitlines()
    assert f"{ip}\tdb-1 store data-base" in hosts and f"{ip}\tdata-base store" in hosts
    assert target.docker("exec", "web", "ping", "-c1", "-w5", "db-1").code == 0
    variables = target.docker("exec", "web", "env").out.splitlines()
    wanted = {
        f"DB_1_PORT=udp://{ip}:53",
        f"DB_1_PORT_5432_TCP=tcp://{ip}:5432",
        f"DB_1_PORT_5432_TCP_ADDR={ip}",
        "DB_1_PORT_5432_TCP_PORT=5432",
        "DB_1_PORT_5432_TCP_PROTO=tcp",
        f"DB_1_PORT_53_UDP=udp://{ip}:53",
        "DB_1_NAME=/web/db-1",
        "DB_1_ENV_SECRET=x y",
        "DATA_BASE_NAME=/web/data-base",
    }
    assert wanted <= set(variables), variables
    links = target.inspect("web")["HostConfig"]["Links"]
    assert sorted(links) == ["/data-base:/web/data-base", "/data-base:/web/db-1"]


def test_the_line_follows_the_other(target: Target) -> None:
    idle(target, "db")
    idle(target, "web", "--link", "db:database")
    target.docker("stop", "-t", "0", "db")
    idle(target, "between")
    target.docker("start", "db")
    hosts = target.docker("exec", "web", "cat", "/etc/hosts").out
    assert f"{address(target, 'db')}\tdatabase " in hosts


def test_what_cannot_be_linked(target: Target) -> None:
    missing = target.docker("run", "-d", "--link", "nobody", "busybox", "true")
    assert missing.code != 0 and "could not get container for nobody" in missing.err.lower()
    target.docker("create", "--name", "cold", "busybox", "true")
    done = target.docker("run", "--name", "web", "--link", "cold:db", "busybox", "true")
    assert done.code != 0 and "Cannot link to a non running container: /cold AS /web/db" in done.err
    wrong = target.docker("create", "--link", "a:b:c", "busybox", "true")
    assert wrong.code != 0 and "bad format for links: a:b:c" in wrong.err.replace("'", "")


def test_on_a_user_network(target: Target) -> None:
    target.docker("network", "create", "linked")
    try:
        idle(target, "db", "--network", "linked")
        idle(target, "web", "--network", "linked", "--link", "db:database")
        idle(target, "other", "--network", "linked")
        assert target.docker("exec", "web", "ping", "-c1", "-w5", "database").code == 0
        assert target.docker("exec", "other", "ping", "-c1", "-w5", "database").code != 0
        assert not [
            line for line in target.docker("exec", "web", "env").out.splitlines() if "DATABASE" in line
        ]
        assert target.inspect("web")["NetworkSettings"]["Networks"]["linked"]["Links"] == ["db:database"]
        idle(target, "late")
        target.docker("network", "connect", "--link", "db:store", "linked", "late")
        assert target.docker("exec", "late", "ping", "-c1", "-w5", "store").code == 0
        shown = json.loads(
            target.docker("inspect", "-f", "{{json .NetworkSettings.Networks.linked.Links}}", "late").out
        )
        assert shown == ["db:store"]
    finally:
        target.docker("rm", "-f", "db", "web", "other", "late")
        target.docker("network", "rm", "linked")
