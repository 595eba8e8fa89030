"""Kubernetes' channels on WebSocket messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.errors import InvalidArgument
from hythe.wire import channels
from hythe.wire.channels import Channels


@given(st.sampled_from([*channels.EXEC, ""]), st.integers(0, 9), st.binary(max_size=100))
def test_what_is_written_is_read(protocol: str, channel: int, data: bytes) -> None:
    spoken = Channels(protocol)
    assert spoken.decode(spoken.encode(channel, data)) == (channel, data)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v4.channel.k8s.io", "v5.channel.k8s.io"], "v5.channel.k8s.io"),
        (["v4.channel.k8s.io"], "v4.channel.k8s.io"),
        (["other", "channel.k8s.io"], "channel.k8s.io"),
        ([], ""),
    ],
)
def test_the_best_is_chosen(offered: list[str], chosen: str) -> None:
    assert channels.chosen(offered, channels.EXEC) == chosen


def test_strange_protocols_are_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match="v9"):
        channels.chosen(["v9.channel.k8s.io"], channels.EXEC)


@pytest.mark.parametrize(
    ("protocol", "message"),
    [("", b""), ("base64.channel.k8s.io", b"xYQ=="), ("base64.channel.k8s.io", b"0!")],
)
def test_messages_that_are_none(protocol: str, message: bytes) -> None:
    with pytest.raises(InvalidArgument):
        Channels(protocol).decode(message)


def test_sizes() -> None:
    assert channels.size(b'{"Width":80,"Height":24}') == (24, 80)
    for hostile in (
        b"",
        b"[]",
        b'{"Width":"x","Height":1}',
        b'{"Width":1e9,"Height":1}',
        b'{"Width":-1,"Height":1}',
    ):
        with pytest.raises(InvalidArgument):
            channels.size(hostile)


def test_ports_are_little_endian() -> None:
    assert channels.port_head(0x1F90) == b"\x90\x1f"


def test_an_exit_code_is_found_where_clients_look_for_it() -> None:
    status = channels.exited(3)
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
