from __future__ import annotations

import pytest

from hythe.base.units import human_duration
from hythe.cli.format import containers, table
from hythe.cli.format.times import ago
from hythe.cli.format.usage import cpu_percent, row


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"), (3599, "59 minutes"), (3600, "About an hour"), (7200, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"), (13 * 86400, "13 days"), (14 * 86400, "2 weeks"), (61 * 86400, "2 months"),
        (3 * 365 * 86400, "3 years"),
    ],
)  # fmt: skip
def test_times_in_words(seconds: int, text: str) -> None:
    assert human_duration(seconds) == text
    assert ago(1000, 1000 + seconds) == f"{text} ago"


def test_columns() -> None:
    assert table.align([["ID", "NAMES"], ["123456789012", "a"]]) == [
        "ID             NAMES",
        "123456789012   a",
    ]


def show(form: str | None) -> list[str]:
    lines: list[str] = []
    rows = [{"ID": "1", "Name": "a"}, {"ID": "2", "Name": "b"}]
    table.show(rows, {"ID": "ID", "Name": "NAME"}, default=("ID", "Name"), form=form, out=lines.append)
    return lines


def test_formats() -> None:
    assert show(None) == ["ID        NAME", "1         a", "2         b"]
    assert show("json")[0] == '{"ID":"1","Name":"a"}'
    assert show("{{.Name}}") == ["a", "b"]
    assert show(r"table {{.Name}}\t{{.ID}}") == ["NAME      ID", "a         1", "b         2"]


def port(private: int, public: int = 0, address: str = "0.0.0.0", kind: str = "tcp") -> dict[str, object]:
    entry: dict[str, object] = {"PrivatePort": private, "Type": kind}
    return {**entry, "IP": address, "PublicPort": public} if public else entry


def test_ports() -> None:
    assert containers.ports([port(80, 8080)]) == "0.0.0.0:8080->80/tcp"
    assert containers.ports([port(81, 8081), port(80, 8080)]) == "0.0.0.0:8080-8081->80-81/tcp"
    assert containers.ports([port(443), port(80)]) == "80/tcp, 443/tcp"
    assert containers.ports([port(80, 8080, "::")]) == "[::]:8080->80/tcp"
    assert containers.ports([]) == ""


SUMMARY = {
    "Id": "a" * 64, "Image": "sha256:" + "b" * 64, "Command": "sh -c 'a very long command'", "Created": 1,
    "State": "running", "Status": "Up", "Names": ["/web", "/other/alias"], "Labels": {"a": "b"}, "Ports": [],
}  # fmt: skip


def test_a_container() -> None:
    found = containers.row(SUMMARY)
    assert found["ID"] == "a" * 12
    assert found["Image"] == "b" * 12
    assert found["Command"] == '"sh -c \'a very long …"'
    assert found["Names"] == "web"
    assert found["Label"]("a") == "b"
    assert containers.row(SUMMARY, whole=True)["ID"] == "a" * 64


def test_usage() -> None:
    sample = {
        "id": "x", "name": "/web",
        "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
        "memory_stats": {"usage": 3 * 1024**2, "limit": 4 * 1024**2, "stats": {"inactive_file": 1024**2}},
        "pids_stats": {"current": 2},
    }  # fmt: skip
    assert cpu_percent(sample) == 40
    found = row(sample)
    assert found["MemUsage"] == "2MiB / 4MiB"
    assert found["MemPerc"] == "50.00%"
    assert found["PIDs"] == "2"
