"""Nodes join a running server with a token, and nobody else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hythe.errors import Denied, HytheError, InvalidArgument
from hythe.kube.client.client import Client
from hythe.kube.client.resources import NODES, SECRETS, SERVICES
from hythe.kube.cluster import tokens
from hythe.kube.cluster.joining import join
from hythe.kube.cluster.membership import Membership
from hythe.kube.cluster.settings import Settings, load
from hythe.kube.cluster.tokens import JoinToken
from hythe.kube.objects.status import ApiError
from tests.waiting import PATIENCE

CRI = "unix:///run/nowhere/cri.sock"
ADDRESS = "198.18.9.2"


@dataclass
class Running:
    """A server, and what it says of itself."""

    settings: Settings
    token: JoinToken

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.settings.port}"

    async def join(
        self, folder: Path, token: JoinToken | None, node: str = "two", address: str = ADDRESS
    ) -> Membership:
        return await join(folder, self.url, token, node=node, address=address, cri=CRI)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("server") / "kube"
    ready, ours = os.pipe()
    command = [sys.executable, "-m", "hythe", "kube"]
    place = ("--data-dir", str(data))
    process = subprocess.Popen(
        [
            *command,
            "server",
            *place,
            "--bind",
            "127.0.0.1",
            "--node-ip",
            "192.0.2.1",
            "--ready-fd",
            str(ours),
        ],
        pass_fds=[ours],
    )
    os.close(ours)
    try:
        assert os.read(ready, 1), "the server did not start"
        said = subprocess.run([*command, "token", *place], capture_output=True, text=True, check=True)
        yield Running(load(data), tokens.parse(said.stdout))
    finally:
        os.close(ready)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30 * PATIENCE) == 0


async def test_a_node_joins_and_may_do_what_nodes_may(server: Running, tmp_path: Path) -> None:
    about = await server.join(tmp_path, server.token)
    assert about.services == IPv4Network(server.settings.service_cidr)
    assert about.dns_address == server.settings.dns_address
    assert IPv4Network(about.own_pods).subnet_of(IPv4Network(server.settings.cluster_cidr))
    assert (tmp_path / "kubelet.key").stat().st_mode & 0o777 == 0o600
    async with Client.from_kubeconfig(about.kubeconfig) as api:
        assert (await api.list(SERVICES)).items
        own = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "two"}}
        await api.create(NODES, {**own, "spec": {"podCIDR": about.own_pods}})
        with pytest.raises(ApiError, match="forbidden"):
            await api.list(SECRETS)
        with pytest.raises(ApiError, match=r"not allowed|forbidden"):
            await api.create(NODES, {**own, "metadata": {"name": "another"}})


async def test_it_starts_again_without_the_token_as_what_it_was(server: Running, tmp_path: Path) -> None:
    before = await server.join(tmp_path, server.token, "three", "198.18.9.3")
    key = (tmp_path / "kubelet.key").read_bytes()
    again = await server.join(tmp_path, None, "three", "198.18.9.3")
    assert again == before
    assert (tmp_path / "kubelet.key").read_bytes() == key


async def test_the_next_node_has_a_range_of_its_own(server: Running, tmp_path: Path) -> None:
    first = await server.join(tmp_path / "a", server.token, "four", "198.18.9.4")
    async with Client.from_kubeconfig(first.kubeconfig) as api:
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "four"},
            "spec": {"podCIDR": first.own_pods},
        }
        await api.create(NODES, body)
    second = await server.join(tmp_path / "b", server.token, "five", "198.18.9.5")
    assert first.own_pods != second.own_pods
    assert first.instance != second.instance


async def test_nobody_joins_with_a_wrong_secret(server: Running, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="Unauthorized"):
        await server.join(tmp_path, server.token._replace(secret="0" * 16))
    assert not (tmp_path / "kubelet.crt").exists()


async def test_a_server_of_another_authority_is_not_told_the_secret(server: Running, tmp_path: Path) -> None:
    for wrong in (server.token._replace(authority="0" * 64), server.token._replace(authority="")):
        with pytest.raises(Denied, match="is not the one that the token is of"):
            await server.join(tmp_path, wrong)


async def test_nobody_joins_in_the_place_of_the_server(server: Running, tmp_path: Path) -> None:
    for name, address in (
        ("kubernetes", ADDRESS),
        ("six", "192.0.2.1"),
        ("six", str(server.settings.services[1])),
    ):
        with pytest.raises(HytheError, match="own names are not signed"):
            await server.join(tmp_path, server.token, name, address)


async def test_a_node_without_a_token_is_told_so(server: Running, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="needs a token"):
        await server.join(tmp_path, None)
