"""What may be asked of log drivers, and what is made of it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from hythe.engine.containers import logdrivers
from hythe.engine.containers.creation import ImageDefaults, new_record
from hythe.engine.model import Container, ContainerSpec, HostOptions, LogOptions
from hythe.errors import HytheError, InvalidArgument, Unsupported


def record(driver: str, **options: str) -> Container:
    log = LogOptions(driver, {name.replace("_", "-"): value for name, value in options.items()})
    labels, env = {"app": "shop", "other": "x"}, ["DB_HOST=db", "DB_PORT=1", "HOME=/"]
    spec = ContainerSpec(image="img:1", labels=labels, env=env, host=HostOptions(log=log))
    return new_record("ab" * 32, "name", spec, ImageDefaults("sha256:" + "cd" * 32, ["sh"]))


@pytest.mark.parametrize(
    ("driver", "options", "kind", "words"),
    [
        ("asdf", {}, InvalidArgument, r"^logger: no log driver named 'asdf' is registered$"),
        ("syslog", {}, Unsupported, "'syslog' is not supported"),
        (
            "json-file",
            {"maxsize": "1m"},
            InvalidArgument,
            "unknown log opt 'maxsize' for json-file log driver",
        ),
        ("local", {"labels": "a"}, InvalidArgument, "unknown log opt 'labels' for log driver local"),
        ("json-file", {"max-size": "0"}, InvalidArgument, "max-size"),
        ("json-file", {"max-file": "0"}, InvalidArgument, "max-file"),
        ("json-file", {"compress": "true"}, Unsupported, "compress=true"),
        ("json-file", {"mode": "x"}, InvalidArgument, "logging mode not supported: x"),
        ("json-file", {"env-regex": "("}, InvalidArgument, "invalid pattern"),
        ("json-file", {"tag": "{{printf 1}}"}, Unsupported, "the log tag"),
    ],
)
def test_refusals(driver: str, options: dict[str, str], kind: type[HytheError], words: str) -> None:
    with pytest.raises(kind, match=words):
        logdrivers.check(LogOptions(driver, options))


def test_journald_needs_a_journal(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="journald is not enabled on this host"):
        logdrivers.check(LogOptions("journald"), journal=str(tmp_path / "socket"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "socket"))
        logdrivers.check(LogOptions("journald"), journal=str(tmp_path / "socket"))


def test_rotated_unless_something_else_is_said(tmp_path: Path) -> None:
    made = logdrivers.log_file(record("json-file"), tmp_path)
    assert (made.max_size, made.max_files, made.attributes) == (20 << 20, 5, "")
    made = logdrivers.log_file(record("local", max_size="1k", max_file="2"), tmp_path)
    assert (made.driver, made.max_size, made.max_files) == ("local", 1024, 2)


def test_labels_variables_and_a_tag_describe_each_line(tmp_path: Path) -> None:
    wanted = record("json-file", labels="app,none", env_regex="^DB_", tag="{{.Name}}/{{.ID}}")
    assert json.loads(logdrivers.log_file(wanted, tmp_path).attributes) == {
        "app": "shop", "DB_HOST": "db", "DB_PORT": "1", "tag": "name/abababababab",
    }  # fmt: skip


def test_the_fields_of_the_journal(tmp_path: Path) -> None:
    made = record("json-file", labels="app", tag="t")
    made.spec.host.log.driver = "journald"
    assert logdrivers.log_file(made, tmp_path).journal == {
        "CONTAINER_ID": "ab" * 6, "CONTAINER_ID_FULL": "ab" * 32, "CONTAINER_NAME": "name", "CONTAINER_TAG": "t",
        "IMAGE_NAME": "img:1", "SYSLOG_IDENTIFIER": "t", "APP": "shop",
    }  # fmt: skip
