"""What a cluster keeps about itself, and what flags may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hythe.errors import InvalidArgument, NotFound, SystemProblem
from hythe.kube.cluster.addressing import new_token, node_name
from hythe.kube.cluster.checking import network
from hythe.kube.cluster.make import settings_of
from hythe.kube.cluster.settings import Settings, changed, load, save

SETTINGS = Settings(
    id="0123456789ab",
    token="abcdef.0123456789abcdef",
    service_cidr="10.96.0.0/16",
    cluster_cidr="10.240.0.0/16",
    node_ip="192.0.2.2",
    node_name="here",
)


def test_what_was_saved_is_loaded_and_private(tmp_path: Path) -> None:
    save(tmp_path / "kube", SETTINGS)
    assert load(tmp_path / "kube") == SETTINGS
    assert (tmp_path / "kube/cluster.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "kube").stat().st_mode & 0o777 == 0o700


def test_a_cluster_that_is_not_there_and_one_that_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no cluster"):
        load(tmp_path)
    (tmp_path / "cluster.json").write_text("{")
    with pytest.raises(SystemProblem, match="cannot be used"):
        load(tmp_path)


def test_flags_change_what_can_be_changed() -> None:
    assert changed(SETTINGS, {"port": 7000, "bind": None}).port == 7000
    assert changed(SETTINGS, {"service_cidr": "10.96.0.0/16"}) == SETTINGS
    with pytest.raises(InvalidArgument, match=r"--service-cidr is 10\.96\.0\.0/16 in this cluster"):
        changed(SETTINGS, {"service_cidr": "10.97.0.0/16"})


def test_ranges_are_checked_before_anything_is_made(tmp_path: Path) -> None:
    assert network("--service-cidr", "10.96.0.0/20") == "10.96.0.0/20"
    for text in ("10.96.0.1/16", "10.96.0.0/28", "many"):
        with pytest.raises(InvalidArgument, match="--service-cidr"):
            settings_of(tmp_path / "kube", {"service_cidr": text})
    assert not (tmp_path / "kube").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"node_name": "Not_A_Name"}, {"node_name": "-a"}, {"node_ip": "::1"}, {"bind": "everywhere"}, {"port": 0},
        {"port": 70000}, {"token": "secret"}, {"cri": "/run/cri.sock"}, {"node_ip": "10.96.0.5"},
        {"cluster_cidr": "10.96.128.0/17"},
    ],
)  # fmt: skip
def test_nothing_is_made_of_flags_that_are_wrong(tmp_path: Path, wrong: dict[str, Any]) -> None:
    right = {
        "service_cidr": "10.96.0.0/16",
        "cluster_cidr": "10.240.0.0/16",
        "node_ip": "192.0.2.2",
        "port": 6443,
    }
    with pytest.raises(InvalidArgument):
        settings_of(tmp_path / "kube", {**right, **wrong})
    assert not (tmp_path / "kube").exists()
    assert settings_of(tmp_path / "kube", right).node_ip == "192.0.2.2"


def test_the_tenth_address_of_services_is_cluster_dns() -> None:
    assert SETTINGS.dns_address == "10.96.0.10"


def test_tokens_have_the_form_of_bootstrap_tokens() -> None:
    id, _, secret = new_token().partition(".")
    assert (len(id), len(secret)) == (6, 16)
    assert (id + secret).isalnum()
    assert (id + secret) == (id + secret).lower()


def test_a_nodes_name_is_one_that_kubernetes_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for host, name in (("Build_Box.example", "build-box.example"), ("---", "node"), ("a" * 70, "a" * 63)):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        assert node_name() == name
