"""Digests, manifests and image configurations as documents."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from hythe.errors import InvalidArgument
from hythe.oci import digest, image, manifest, media

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def test_chain_ids_are_those_of_the_specification() -> None:
    expected = "sha256:" + hashlib.sha256(f"{A} {B}".encode()).hexdigest()
    assert digest.chain_ids([A, B]) == [A, expected]
    assert digest.chain_ids([]) == []


@pytest.mark.parametrize(
    "text", ["", "sha256:", "md5:" + "a" * 32, "sha256:" + "A" * 64, A + "/..", A + "\n"]
)
def test_a_bad_digest_never_becomes_a_file_name(text: str) -> None:
    with pytest.raises(InvalidArgument):
        digest.hexadecimal(text)


def _manifest(**changes: Any) -> bytes:
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": {"mediaType": media.OCI_CONFIG, "digest": A, "size": 1},
        "layers": [{"mediaType": media.OCI_LAYER_GZIP, "digest": B, "size": 2}],
    }
    return json.dumps({key: value for key, value in (body | changes).items() if value is not None}).encode()


def test_a_manifest_is_read() -> None:
    read = manifest.parse(_manifest(), media.OCI_MANIFEST)
    assert isinstance(read, manifest.Manifest)
    assert [layer.digest for layer in read.layers] == [B]


@pytest.mark.parametrize(
    ("data", "announced"),
    [
        (_manifest(manifests=[]), media.OCI_MANIFEST),  # CVE-2021-41190: both kinds at once
        (_manifest(), media.OCI_INDEX),
        (_manifest(mediaType=media.OCI_INDEX), ""),
        (_manifest(mediaType=media.DOCKER_MANIFEST), media.OCI_MANIFEST),
        (_manifest(config=None, layers=None), ""),
        (_manifest(config={"mediaType": "x", "digest": "sha256:../../etc", "size": 1}), ""),
        (b"{", ""),
        (b"[]", ""),
        (b" " * (manifest.SIZE_LIMIT + 1), ""),
    ],
)
def test_ambiguous_and_broken_manifests_are_refused(data: bytes, announced: str) -> None:
    with pytest.raises(InvalidArgument):
        manifest.parse(data, announced)


def test_nulls_of_other_tools_are_as_if_absent() -> None:
    document = {
        "architecture": "amd64",
        "config": {"Cmd": None, "Env": ["A=b"], "Labels": None},
        "history": None,
        "rootfs": {"type": "layers", "diff_ids": [A]},
    }
    config = image.decode(json.dumps(document).encode())
    assert (config.config.cmd, config.config.env, config.history) == (None, ["A=b"], [])
    assert config.rootfs.diff_ids == [A]
    assert image.decode(b'{"architecture":"amd64","config":null}').config == image.RunConfig()


def test_encoding_is_deterministic_and_read_back() -> None:
    config = image.ImageConfig(
        architecture="amd64",
        created="2024-01-01T00:00:00Z",
        config=image.RunConfig(
            env=["A=b"], exposed_ports={"80/tcp": {}}, stop_signal="SIGQUIT", on_build=["RUN x"]
        ),
        rootfs=image.RootFS(diff_ids=[A]),
        history=[image.History(created_by="x", empty_layer=True)],
    )
    data = image.encode(config)
    assert image.decode(data) == config
    assert image.encode(image.decode(data)) == data
    assert {"ExposedPorts", "StopSignal", "OnBuild"} <= json.loads(data)["config"].keys()
    assert json.loads(image.encode(image.ImageConfig())).keys() >= {"architecture", "os", "config", "rootfs"}


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"rootfs":{"type":"zip"}}', b'{"config":{"Env":"x"}}', b"\xff"]
)
def test_broken_configurations_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidArgument):
        image.decode(data)
