"""The pause program: an ELF file for each machine, small, and what is in its image."""

from __future__ import annotations

import struct
import tarfile

import pytest

from hythe.engine import pause
from hythe.errors import Unsupported


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
def test_it_is_one_small_segment_that_holds_its_entry(machine: str, number: int) -> None:
    data = pause.program(machine)
    assert data[:6] == b"\x7fELF\x02\x01" and len(data) < 256
    kind, told = struct.unpack_from("<HH", data, 16)
    entry, headers = struct.unpack_from("<QQ", data, 24)
    assert (kind, told, headers) == (2, number, 64)
    flags, offset, address, _, in_file, in_memory = struct.unpack_from("<IQQQQQ", data, 68)
    assert (flags, offset, in_file, in_memory) == (
        5,
        0,
        len(data),
        len(data),
    )  # read and execute, never write
    assert address + 120 == entry < address + len(data)


def test_other_machines_are_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="riscv64"):
        pause.program("riscv64")


def test_the_image_has_the_program_and_places_to_mount_on() -> None:
    with tarfile.open(fileobj=pause.archive()) as tar:
        names = set(tar.getnames())
        member = tar.getmember("pause")
    assert {"pause", "dev", "proc", "sys", "etc/hosts"} <= names and member.mode == 0o755
