"""The log driver `cri`: lines whole or in parts, and a file that others move away."""

from __future__ import annotations

from pathlib import Path

import pytest

from hythe.runtime.crifile import CriFile
from hythe.runtime.logdrivers import Reopenable


def opened(path: Path) -> CriFile:
    return CriFile({"driver": "cri", "path": str(path), "max_size": 0, "max_files": 1})


def records(path: Path) -> list[tuple[str, str, str]]:
    return [tuple(line.split(" ", 3)[1:]) for line in path.read_text().splitlines()]  # type: ignore[misc]


def test_lines_wait_for_their_rest(tmp_path: Path) -> None:
    log = opened(tmp_path / "log")
    log.write(1, b"on")
    log.write(2, b"error\n")
    log.write(1, b"e\ntwo\nthr")
    assert records(tmp_path / "log") == [
        ("stderr", "F", "error"),
        ("stdout", "F", "one"),
        ("stdout", "F", "two"),
    ]
    log.close()
    assert records(tmp_path / "log")[-1] == ("stdout", "F", "thr")


@pytest.mark.parametrize("pieces", [1, 7])
def test_long_lines_come_in_parts(tmp_path: Path, pieces: int) -> None:
    log, line = opened(tmp_path / "log"), b"x" * 40000 + b"\n"
    step = len(line) // pieces + 1
    for start in range(0, len(line), step):
        log.write(1, line[start : start + step])
    log.close()
    found = records(tmp_path / "log")
    assert [tag for _, tag, _ in found] == ["P"] * (len(found) - 1) + ["F"] and len(found) > 2
    assert "".join(text for _, _, text in found) == "x" * 40000
    assert max(len(text) for _, _, text in found) <= 1 << 14


def test_carriage_returns_are_part_of_a_line(tmp_path: Path) -> None:
    log = opened(tmp_path / "log")
    log.write(1, b"a\rb\r\n")
    log.close()
    assert (tmp_path / "log").read_bytes().endswith(b" F a\rb\r\n")


def test_it_goes_on_in_a_new_file(tmp_path: Path) -> None:
    log = opened(tmp_path / "log")
    assert isinstance(log, Reopenable)
    log.write(1, b"one\nhal")
    (tmp_path / "log").rename(tmp_path / "old")
    log.reopen()
    log.write(1, b"f\n")
    log.close()
    assert records(tmp_path / "old") == [("stdout", "F", "one")]
    assert records(tmp_path / "log") == [("stdout", "F", "half")]


def test_it_keeps_its_file_where_there_can_be_no_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    log = opened(tmp_path / "folder/log")
    (tmp_path / "folder").rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError):
        log.reopen()
    log.write(1, b"still\n")
    assert records(tmp_path / "moved/log") == [("stdout", "F", "still")]


def test_a_torn_record_is_ended(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("2023-11-14T22:13:20Z stdout F to")
    log = opened(tmp_path / "log")
    log.write(1, b"next\n")
    log.close()
    assert records(tmp_path / "log") == [("stdout", "F", "to"), ("stdout", "F", "next")]
