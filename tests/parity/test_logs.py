"""`docker logs`: selection by time and number, following, rotation, both streams, long and broken lines."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.parity import raw
from tests.targets import Target
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("tidy")]


def said(target: Target, script: str, *options: str) -> None:
    """A container `talker` that has said its piece."""
    done = target.docker("run", "--name", "talker", *options, "busybox", "sh", "-c", script)
    assert done.code == 0, done.err


def lines(target: Target, *options: str) -> list[str]:
    return target.docker("logs", *options, "talker").out.splitlines()


def test_the_last_lines(target: Target) -> None:
    said(target, "for i in 1 2 3 4 5; do echo $i; done")
    assert lines(target, "--tail", "2") == ["4", "5"]
    assert lines(target, "--tail", "all") == lines(target, "-n", "99") == ["1", "2", "3", "4", "5"]
    assert lines(target, "--tail", "0") == []


def test_the_last_lines_of_both_streams_together(target: Target) -> None:
    said(target, "for i in 1 2 3; do echo out $i; sleep 0.05; echo err $i >&2; sleep 0.05; done")
    done = target.docker("logs", "--tail", "3", "talker")
    assert (done.out, done.err) == ("out 3\n", "err 2\nerr 3\n")


def test_since_and_until(target: Target) -> None:
    said(target, "echo 1; sleep 0.4; echo 2; sleep 0.4; echo 3")
    stamps = [line.split()[0] for line in lines(target, "-t")]
    assert sorted(stamps) == stamps
    assert lines(target, "--since", stamps[1]) == ["2", "3"]
    assert lines(target, "--until", stamps[1]) == ["1", "2"]
    assert lines(target, "--since", stamps[1], "--until", stamps[1]) == ["2"]
    assert lines(target, "--since", "1h") == ["1", "2", "3"]
    assert lines(target, "--since", str(int(time.time()) + 100)) == []
    assert target.docker("logs", "--since", "nonsense", "talker").code == 1


def test_following_starts_at_the_tail_and_ends_with_the_container(target: Target) -> None:
    script = "for i in 1 2 3; do echo $i; done; until [ -e /go ]; do sleep 0.05; done; echo 4; echo 5"
    target.docker("run", "-d", "--name", "talker", "busybox", "sh", "-c", script)
    wait_until(lambda: len(lines(target)) == 3)
    command = ["docker", "logs", "-f", "--tail", "1", "talker"]
    with subprocess.Popen(command, env=target.env, stdout=subprocess.PIPE, text=True) as follower:
        try:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "3\n"
            target.docker("exec", "talker", "touch", "/go")
            assert follower.stdout.read() == "4\n5\n"
            assert follower.wait(10) == 0
        finally:
            follower.kill()


def test_following_goes_on_over_a_restart_only_when_asked_again(target: Target) -> None:
    said(target, "echo $(ls / | wc -w) >/dev/null; echo once")
    target.docker("start", "-a", "talker")
    assert lines(target) == ["once", "once"]
    assert lines(target, "-f") == ["once", "once"]


def test_what_is_not_a_line_or_not_text_is_kept_as_it_is(target: Target) -> None:
    said(target, r"printf 'no end'; printf '\377\000\001x\r\n'; printf last")
    got = subprocess.run(["docker", "logs", "talker"], env=target.env, capture_output=True, check=True).stdout
    assert got == b"no end\xef\xbf\xbd\x00\x01x\r\nlast"  # JSON holds text: what is not UTF-8 is U+FFFD


def test_a_line_of_a_megabyte_comes_back_whole(target: Target) -> None:
    said(target, "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo after")
    assert [len(line) for line in lines(target)] == [1_000_000, 5]


def test_rotation_keeps_the_newest_and_bounds_the_size(target: Target) -> None:
    """Six megabytes into three files of one."""
    options = ["--log-opt", "max-size=1m", "--log-opt", "max-file=3"]
    said(target, "seq -f '%0100.0f' 60000 2>/dev/null || seq -w 900000", *options)
    got = lines(target)
    numbers = [int(line) for line in got]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[-1] in (60000, 900000) and numbers[0] > 1
    assert sum(file.stat().st_size for file in log_files(target)) < 3.5 * (1 << 20)
    assert lines(target, "--tail", "20000") == got[-20000:]


def log_files(target: Target) -> list[Path]:
    return log_files_of(target, target.inspect("talker")["Id"])


def log_files_of(target: Target, id: str) -> list[Path]:
    folder = target.root / "data" / "containers" / id
    return [path for path in folder.rglob("*") if path.is_file() and "log" in path.name]


def test_its_size_is_known_and_given_back(target: Target) -> None:
    """dockerd counts no logs."""
    said(
        target,
        "head -c 3000000 /dev/zero | tr '\\0' '\\n'",
        "--log-opt",
        "max-size=1m",
        "--log-opt",
        "max-file=3",
    )
    (shown,) = raw.ask(target, "GET", "/system/df?type=container").json["Containers"]
    kept = sum(path.stat().st_size for path in log_files(target)) if target.name == "hythe" else 0
    assert shown.get("SizeRw", 0) == kept
    assert raw.ask(target, "POST", "/containers/prune").json["SpaceReclaimed"] == kept
    assert log_files_of(target, shown["Id"]) == []


def test_without_a_log_there_is_nothing_to_read(target: Target) -> None:
    said(target, "echo x", "--log-driver", "none")
    done = target.docker("logs", "talker")
    assert done.code == 1 and "does not support reading" in done.err


@pytest.mark.parametrize(
    "options",
    [
        # dockerd looks for a plugin of that name for 15 seconds
        pytest.param(["--log-driver", "nosuch"], marks=pytest.mark.slow),
        ["--log-opt", "nosuch=1"],
        ["--log-opt", "max-size=much"],
    ],
)
def test_nonsense_is_refused(target: Target, options: list[str]) -> None:
    done = target.docker("run", "--rm", *options, "busybox", "true")
    assert done.code == 125
    assert "nosuch" in done.err or "much" in done.err


def records(target: Target, name: str = "talker") -> list[dict[str, Any]]:
    """What is in the file that inspect names, as any collector of logs reads it."""
    return [json.loads(line) for line in Path(target.inspect(name)["LogPath"]).read_text().splitlines()]


def test_the_file_has_dockers_lines(target: Target) -> None:
    options = (
        "--log-driver",
        "json-file",
        "--log-opt",
        "labels=app",
        "--log-opt",
        "tag={{.Name}}",
        "--label",
        "app=shop",
    )
    said(target, """printf 'say "hi"\\ttab\\n'; sleep 0.1; echo \\\\ >&2; sleep 0.1; printf end""", *options)
    found = records(target)
    assert [each["log"] for each in found] == ['say "hi"\ttab\n', "\\\n", "end"]
    assert [each["stream"] for each in found] == ["stdout", "stderr", "stdout"]
    assert found[0]["attrs"] == {"app": "shop", "tag": "talker"}
    stamps = [line.split()[0].rstrip("Z").rstrip("0") for line in lines(target, "-t")]
    assert stamps == [each["time"].rstrip("Z").rstrip("0") for each in found if each["stream"] == "stdout"]


def test_details_are_what_describes_the_lines(target: Target) -> None:
    options = ("--label", "app=a b", "--label", "zz=1", "--log-opt", "labels=zz,app", "--log-opt", "tag=t")
    said(target, "echo x; echo y", *options)
    assert lines(target, "--details") == ["app=a+b,tag=t,zz=1 x", "app=a+b,tag=t,zz=1 y"]
    assert [line.split(" ", 1)[1] for line in lines(target, "-t", "--details")] == lines(target, "--details")


def test_the_default_driver_is_json_file(target: Target) -> None:
    said(target, "echo once")
    assert target.inspect("talker")["HostConfig"]["LogConfig"]["Type"] == "json-file"
    assert [each["log"] for each in records(target)] == ["once\n"]


ROTATED = ("--log-opt", "max-size=20k", "--log-opt", "max-file=3", "--log-opt", "compress=false")


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_old_files_are_read_first_and_the_oldest_go(target: Target, driver: str) -> None:
    said(target, "seq 0 39999 | sed 's/^/line /'", "--log-driver", driver, *ROTATED)
    kept = [int(line.split()[1]) for line in lines(target)]
    assert 400 < len(kept) < 40000
    assert kept == list(range(40000 - len(kept), 40000))
    assert lines(target, "--tail", "400") == [f"line {number}" for number in range(39600, 40000)]


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_following_over_rotation_misses_nothing(target: Target, driver: str) -> None:
    talk = "for i in $(seq 3000); do echo line $i; [ $((i%50)) != 0 ] || sleep 0.01; done"
    script = f"until [ -e /go ]; do sleep 0.05; done; {talk}"
    options = ("--log-driver", driver, *ROTATED)
    target.docker("run", "-d", "--name", "talker", *options, "busybox", "sh", "-c", script)
    command = ["docker", "logs", "-f", "talker"]
    with subprocess.Popen(command, env=target.env, stdout=subprocess.PIPE, text=True) as follower:
        try:
            target.docker("exec", "talker", "touch", "/go")
            assert follower.stdout is not None
            seen = follower.stdout.read().splitlines()
        finally:
            follower.kill()
    if target.name == "dockerd":  # it tells some lines around a rotation twice
        seen = sorted(set(seen), key=lambda line: int(line.split()[1]))
    assert seen == [f"line {number}" for number in range(1, 3001)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--log-driver", "nosuch"], "nosuch"),
        (["--log-opt", "maxsize=1m"], "unknown log opt 'maxsize' for json-file log driver"),
        (["--log-driver", "local", "--log-opt", "labels=a"], "unknown log opt 'labels' for log driver local"),
    ],
)
def test_what_is_no_driver_or_no_option_of_one_is_refused(
    target: Target, options: list[str], words: str
) -> None:
    done = target.docker("create", "--name", "talker", *options, "busybox", "true")
    assert done.code != 0
    assert words in done.err
    assert target.docker("inspect", "talker").code != 0


def test_nothing_is_kept_and_nothing_read_without_a_log(target: Target) -> None:
    said(target, "echo x", "--log-driver", "none")
    done = target.docker("logs", "talker")
    assert (done.code, target.inspect("talker")["LogPath"]) == (1, "")
    assert "configured logging driver does not support reading" in done.err
