"""The log driver journald, with a real systemd-journald in a mount namespace where it has /run to itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.targets import Target, start_hythe
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]

JOURNALD = "/lib/systemd/systemd-journald"
_ALONE = f"mount -t tmpfs tmpfs /run && mkdir -p /run/log/journal /run/systemd/journal && exec {JOURNALD}"


@contextmanager
def journald() -> Iterator[int]:
    """Its pid, whose mount namespace has the sockets."""
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ALONE]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: Path(f"/proc/{process.pid}/root/run/systemd/journal/socket").is_socket())
            yield process.pid
        finally:
            process.terminate()


def within(pid: int, *command: str) -> str:
    done = subprocess.run(
        ["nsenter", f"--mount=/proc/{pid}/ns/mnt", *command],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout


def entries(pid: int, name: str) -> list[dict[str, Any]]:
    shown = within(
        pid, "journalctl", "-D", "/run/log/journal", "-o", "json", "--all", f"CONTAINER_NAME={name}"
    )
    return [json.loads(line) for line in shown.splitlines()]


def test_lines_are_in_the_journal_and_in_docker_logs(tmp_path: Path) -> None:
    with (
        journald() as pid,
        start_hythe(tmp_path, within=("nsenter", f"--mount=/proc/{pid}/ns/mnt")) as engine,
    ):
        options = (
            "--log-driver",
            "journald",
            "--log-opt",
            "labels=app",
            "--label",
            "app=shop",
            "--log-opt",
            "tag=t",
        )
        done = engine.docker(
            "run", "--name", "talker", *options, "busybox", "sh", "-c", "echo one; echo two >&2; printf three"
        )
        assert done.code == 0, done.err
        found = wait_until(lambda: [each for each in [entries(pid, "talker")] if len(each) == 3])[0]
        details = engine.inspect("talker")
        assert {(each["MESSAGE"], each["PRIORITY"]) for each in found} == {
            ("one", "6"),
            ("two", "3"),
            ("three", "6"),
        }
        wanted = {
            "CONTAINER_ID": details["Id"][:12], "CONTAINER_ID_FULL": details["Id"], "CONTAINER_TAG": "t",
            "IMAGE_NAME": "busybox", "SYSLOG_IDENTIFIER": "t", "APP": "shop",
        }  # fmt: skip
        assert all(wanted.items() <= each.items() for each in found)
        logs = engine.docker("logs", "talker")
        assert (logs.out, logs.err) == ("one\nthree", "two\n")
        assert (details["LogPath"], details["HostConfig"]["LogConfig"]["Type"]) == ("", "journald")


def test_a_journal_that_has_gone_holds_nobody_up(tmp_path: Path) -> None:
    with (
        journald() as pid,
        start_hythe(tmp_path, within=("nsenter", f"--mount=/proc/{pid}/ns/mnt")) as engine,
    ):
        script = "until [ -e /go ]; do sleep 0.05; done; seq 20000"
        engine.docker(
            "run", "-d", "--name", "talker", "--log-driver", "journald", "busybox", "sh", "-c", script
        )
        subprocess.run(["kill", "-9", str(pid)], check=True)
        engine.docker("exec", "talker", "touch", "/go")
        assert engine.docker("wait", "talker").out == "0\n"
        assert engine.docker("logs", "talker").out.splitlines() == [str(number) for number in range(1, 20001)]


def test_refused_where_there_is_no_journal(target: Target) -> None:
    if Path("/run/systemd/journal/socket").is_socket():  # this machine has one: then it is accepted
        assert target.docker("create", "--log-driver", "journald", "busybox", "true").code == 0
        return
    refused = target.docker("create", "--log-driver", "journald", "busybox", "true")
    assert refused.code == 1
    assert (
        "journald is not enabled on this host: there is no socket /run/systemd/journal/socket" in refused.err
    )
