from __future__ import annotations

from pathlib import Path

from hythe.runtime.logfile import LogFile
from hythe.wire import logframes


def payloads(path: Path) -> list[bytes]:
    data, position, found = path.read_bytes(), 0, []
    while (one := logframes.decode(data, position)) is not None:
        found.append(one[0].payload)
        position = one[1]
    assert position == len(data)
    return found


def test_rotation_keeps_as_many_files_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogFile({"path": str(path), "max_size": 60, "max_files": 3})
    for number in range(10):
        log.write(1, b"%d" % number * 20)
    log.close()
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["log", "log.1", "log.2"]
    kept = [payload[:1] for name in ("log.2", "log.1", "log") for payload in payloads(tmp_path / name)]
    assert kept == [b"7", b"8", b"9"]


def test_one_file_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogFile({"path": str(path), "max_size": 60, "max_files": 1})
    log.write(1, b"a" * 30)
    log.write(2, b"b" * 30)
    log.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["log"]
    assert payloads(path) == [b"b" * 30]


def test_a_file_begins_with_a_whole_line_also_where_pieces_are_larger_than_files(tmp_path: Path) -> None:
    text = b"".join(b"line %d\n" % number for number in range(2000))
    log = LogFile({"path": str(tmp_path / "log"), "max_size": 1000, "max_files": 3})
    for start in range(0, len(text), 4096):
        log.write(1, text[start : start + 4096])
    log.close()
    for path in tmp_path.iterdir():
        assert payloads(path)[0].startswith(b"line ")


def test_a_torn_end_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(logframes.encode(1, 1, b"whole") + logframes.encode(2, 1, b"torn")[:-3])
    log = LogFile({"path": str(path), "max_size": 0, "max_files": 1})
    log.write(1, b"after")
    log.close()
    assert payloads(path) == [b"whole", b"after"]
