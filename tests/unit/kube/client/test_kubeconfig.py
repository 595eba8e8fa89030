"""Kubeconfig files: where they lead, and what is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hythe.errors import InvalidArgument, NotFound, Unsupported
from hythe.kube.client import kubeconfig


def written(folder: Path, cluster: dict[str, Any], user: dict[str, Any], **context: Any) -> Path:
    path = folder / "config"
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "k", "cluster": cluster}], "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", **context}}],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_token_and_a_plain_server(tmp_path: Path) -> None:
    access = kubeconfig.read(written(tmp_path, {"server": "http://h:8080"}, {"token": "t"}, namespace="shop"))
    assert (access.endpoint.host, access.endpoint.port, access.endpoint.tls) == ("h", 8080, None)
    assert access.headers == {"Authorization": "Bearer t"}
    assert access.namespace == "shop"


def test_tls_is_verified_unless_that_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from file\n")
    access = kubeconfig.read(written(tmp_path, {"server": "https://h"}, {"tokenFile": "token"}))
    assert access.endpoint.port == 443
    assert access.endpoint.tls is not None
    assert access.endpoint.tls.check_hostname
    assert access.headers == {"Authorization": "Bearer from file"}
    careless = {"server": "https://h", "insecure-skip-tls-verify": True}
    open_to_all = kubeconfig.read(written(tmp_path, careless, {}))
    assert open_to_all.endpoint.tls is not None
    assert not open_to_all.endpoint.tls.check_hostname


@pytest.mark.parametrize(
    ("cluster", "user", "said"),
    [
        ({"server": "https://h", "proxy-url": "http://p"}, {}, "clusters with proxy-url"),
        ({"server": "https://h"}, {"exec": {"command": "x"}}, "users with exec"),
        ({"server": "https://h"}, {"username": "x"}, "users with username"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any], said: str
) -> None:
    with pytest.raises(Unsupported, match=said):
        kubeconfig.read(written(tmp_path, cluster, user))


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ({}, "is no URL"), ({"server": "ftp://h"}, "is no URL"),
        ({"server": "https://h", "certificate-authority-data": "!"}, "is not base64"),
        ({"server": "https://h", "certificate-authority-data": "eHg="}, "is no PEM"),
        ({"server": "https://h", "certificate-authority": "missing"}, "there is no certificate-authority"),
    ],
)  # fmt: skip
def test_mistakes_are_told(tmp_path: Path, cluster: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        kubeconfig.read(written(tmp_path, cluster, {}))


def test_missing_files_and_contexts(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        kubeconfig.read(tmp_path / "none")
    with pytest.raises(InvalidArgument, match="there is no context 'other'"):
        kubeconfig.read(written(tmp_path, {"server": "https://h"}, {}), "other")
