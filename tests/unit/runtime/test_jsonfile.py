from __future__ import annotations

import json
from pathlib import Path

from hythe.runtime.jsonfile import JsonFile
from hythe.runtime.protocol import Log


def a_log(path: Path, max_size: int = 0, max_files: int = 1, **more: str) -> JsonFile:
    log: Log = {"path": str(path), "max_size": max_size, "max_files": max_files}
    return JsonFile({**log, **more})  # type: ignore[typeddict-item]


def texts(path: Path) -> list[str]:
    return [json.loads(line)["log"] for line in path.read_text().splitlines()]


def test_a_line_in_pieces_is_one_record(tmp_path: Path) -> None:
    log = a_log(tmp_path / "log", attributes='{"a": "b"}')
    for piece in (b"one ", b"line", b"\ntwo\nend"):
        log.write(1, piece)
    log.write(2, b"err\n")
    assert texts(tmp_path / "log") == ["one line\n", "two\n", "err\n"]
    log.close()
    assert texts(tmp_path / "log")[-1] == "end"
    assert json.loads((tmp_path / "log").read_text().splitlines()[0])["attrs"] == {"a": "b"}


def test_a_long_line_is_cut_between_characters(tmp_path: Path) -> None:
    log, text = a_log(tmp_path / "log"), "é" * 40_000
    for start in range(0, 80_000, 16_385):
        log.write(1, text.encode()[start : start + 16_385])
    log.write(1, b"\n")
    log.close()
    assert "".join(texts(tmp_path / "log")) == text + "\n"


def test_rotation_at_records(tmp_path: Path) -> None:
    log = a_log(tmp_path / "log", max_size=1000, max_files=3)
    for number in range(10):
        log.write(1, b"".join(b"%d %d\n" % (number, line) for line in range(10)))
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    kept = [text for name in ("log.2", "log.1", "log") for text in texts(tmp_path / name)]
    assert kept == [f"{number // 10} {number % 10}\n" for number in range(100 - len(kept), 100)]


def test_a_record_larger_than_the_file_is_written_all_the_same(tmp_path: Path) -> None:
    log = a_log(tmp_path / "log", max_size=10, max_files=2)
    log.write(1, b"first line\nsecond line\n")
    log.close()
    assert texts(tmp_path / "log") == ["second line\n"]
    assert texts(tmp_path / "log.1") == ["first line\n"]


def test_a_torn_end_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = a_log(path)
    log.write(1, b"whole\n" + b"x" * 70_000 + b"\n")
    log.close()
    path.write_bytes(path.read_bytes()[:-3])
    log = a_log(path)
    log.write(1, b"after\n")
    log.close()
    assert texts(path) == ["whole\n", "after\n"]
