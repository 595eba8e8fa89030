"""Plugins of docker's authorization protocol: where they are found, what they are told, what their answers mean."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from hythe.api.authorization import messages
from hythe.api.authorization.names import check_name, find
from hythe.api.docker.connection import NOBODY, Peer
from hythe.api.docker.guarding import Asked
from hythe.daemon.config import load
from hythe.errors import InvalidArgument

HEADERS = (("content-type", "application/json"), ("X-Registry-Auth", "c2VjcmV0"), ("Host", "x"))


def asked(peer: Peer = NOBODY, body: bytes = b"{}") -> Asked:
    return Asked(peer, "POST", "/v1.43/containers/create?name=a%20b", HEADERS, body)


def test_a_request_as_docker_writes_it() -> None:
    assert messages.request(asked()) == {
        "RequestMethod": "POST", "RequestUri": "/v1.43/containers/create?name=a%20b", "RequestBody": "e30=",
        "RequestHeaders": {"Content-Type": "application/json"},
    }  # fmt: skip
    known = messages.request(asked(Peer("ann", "TLS", (b"PEM",)), b""))
    assert (known["User"], known["UserAuthNMethod"], known["RequestPeerCertificates"]) == (
        "ann",
        "TLS",
        ["UEVN"],
    )
    assert "RequestBody" not in known


def test_an_answer_brings_its_request() -> None:
    told = messages.response(asked(), 201, [("content-type", "application/json")], b"{}")
    assert messages.request(asked()).items() <= told.items()
    assert (told["ResponseStatusCode"], told["ResponseBody"]) == (201, "e30=")
    assert told["ResponseHeaders"] == {"Content-Type": "application/json"}


def test_verdicts() -> None:
    assert messages.verdict(b'{"Allow": true}') == (True, "")
    assert messages.verdict(b'{"Allow": false, "Msg": "no"}') == (False, "no")
    for wrong in (
        b"",
        b"[]",
        b'{"Allow": "true"}',
        b'{"Allow": 1}',
        b'{"Msg": "x"}',
        b'{"Allow": true, "Err": "e"}',
    ):
        with pytest.raises(ValueError):
            messages.verdict(wrong)


def test_where_a_plugin_is(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    (first / "nested").mkdir(parents=True)
    second.mkdir()
    (second / "spec.spec").write_text("tcp://127.0.0.1:1234\n")
    (second / "described.json").write_text(json.dumps({"Name": "described", "Addr": "unix:///x.sock"}))
    (second / "bare.json").write_text("{}")
    (second / "secure.json").write_text(json.dumps({"Addr": "https://x", "TLSConfig": {"CAFile": "/ca"}}))
    for path in (first / "nested/nested.sock", second / "plain.sock"):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    places = (first, second)
    assert find("nested", places) == f"unix://{first}/nested/nested.sock"
    assert find("plain", places) == f"unix://{second}/plain.sock"
    assert find("spec", places) == "tcp://127.0.0.1:1234"
    assert find("described", places) == "unix:///x.sock"
    for name, why in (("none", "there is no none.sock"), ("bare", "no Addr"), ("secure", "wants TLS")):
        with pytest.raises(ValueError, match=why):
            find(name, places)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "a\n"])
def test_names_that_are_paths_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgument):
        check_name(name)


def test_a_flag_takes_no_plugin_of_the_file_away(tmp_path: Path) -> None:
    (tmp_path / "daemon.toml").write_text('authorization-plugins = ["first"]')
    config = load(["--config-file", str(tmp_path / "daemon.toml"), "--authorization-plugin", "second"], uid=0)
    assert config.authorization_plugins == ("first", "second")
