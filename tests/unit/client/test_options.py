"""Keyword arguments as the body of ContainerCreate, and streams taken apart."""

from __future__ import annotations

from typing import Any

import pytest

from hythe.client.config.options import create_body, words
from hythe.client.decoding import Chunks, Messages
from hythe.client.values.usage import Stats
from hythe.errors import InvalidArgument, SystemProblem
from hythe.wire.stdcopy import encode


def test_values_of_python_and_text_of_flags_mean_the_same() -> None:
    typed = create_body(
        "i", environment={"A": "b c"}, ports={80: 8080, "53/udp": None}, volumes={"v": "/v"}, memory=2**26,
        extra_hosts={"db": "10.0.0.1"}, network="net", cap_add="NET_ADMIN",
    )  # fmt: skip
    text = create_body(
        "i", environment={"A": "b c"}, ports=["8080:80", "53/udp"], volumes=["v:/v"], memory="64m",
        extra_hosts={"db": "10.0.0.1"}, network=["net"], cap_add=["NET_ADMIN"],
    )  # fmt: skip
    assert typed == text
    assert typed["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "", "HostPort": ""}],
    }
    assert (typed["Env"], typed["HostConfig"]["Memory"]) == (["A=b c"], 2**26)


def test_input_ends_with_whoever_attached() -> None:
    assert [create_body("i", stdin=stdin)["StdinOnce"] for stdin in (True, False)] == [True, False]


def test_a_healthcheck_in_seconds() -> None:
    body = create_body("i", healthcheck={"test": ["a", "b"], "interval": 0.5, "retries": 2})
    assert body["Healthcheck"] == {"Test": ["CMD", "a", "b"], "Interval": 500_000_000, "Retries": 2}
    assert create_body("i", healthcheck={"test": "a b"})["Healthcheck"]["Test"] == ["CMD-SHELL", "a b"]


@pytest.mark.parametrize(
    "options", [{"memory": "lots"}, {"ports": ["http"]}, {"ports": {80: 99999}}, {"volumes": {"a/b": "/c"}}]
)
def test_what_cannot_be_is_refused(options: Any) -> None:
    with pytest.raises(InvalidArgument):
        create_body("i", **options)


def test_a_command_is_split_as_a_shell_would() -> None:
    assert words("sh -c 'a b'") == ["sh", "-c", "a b"]
    assert words(["a b"]) == ["a b"] and words(None) == []
    with pytest.raises(InvalidArgument, match="quotation"):
        words("sh -c 'a")


def test_output_in_any_pieces() -> None:
    data = encode(1, b"out") + encode(2, b"err")
    for cut in range(len(data)):
        chunks = Chunks(tty=False)
        found = [*chunks.feed(data[:cut]), *chunks.feed(data[cut:])]
        assert b"".join(each.data for each in found if each.stream == "stdout") == b"out"
        assert b"".join(each.data for each in found if each.stream == "stderr") == b"err"


def test_a_message_of_an_error_is_raised() -> None:
    decoder = Messages()
    assert [each.text for each in decoder.feed(b'{"stream":"Step 1"}\n{"status":"Pulling"}\n')] == [
        "Step 1",
        "Pulling",
    ]
    with pytest.raises(SystemProblem, match="no space"):
        list(decoder.feed(b'{"errorDetail":{"message":"no space"},"error":"no space"}\n'))


def test_the_share_of_the_processors() -> None:
    sample = {
        "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
        "memory_stats": {"usage": 100, "stats": {"inactive_file": 30}},
    }
    assert Stats.of(sample).cpu == pytest.approx(0.4)
    assert Stats.of(sample).memory == 70
    assert Stats.of({**sample, "precpu_stats": {}}).cpu is None
