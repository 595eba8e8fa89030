"""What comes out of a container lands where it was asked for, and nowhere else."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.client.unpacking import unpack
from hythe.errors import HytheError


def pieces(*members: tarfile.TarInfo, content: bytes = b"") -> Iterator[bytes]:
    """A tar in small pieces, some of them empty."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content))
    data = out.getvalue()
    for at in range(0, len(data), 700):
        yield data[at : at + 700]
        yield b""


def member(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode, made.linkname = kind, mode, link
    return made


def test_the_first_name_is_replaced_everywhere(tmp_path: Path) -> None:
    tree = [
        member("dir", tarfile.DIRTYPE, 0o755),
        member("dir/a"),
        member("dir/b", tarfile.LNKTYPE, link="dir/a"),
        member("dir/c", tarfile.SYMTYPE, link="a"),
    ]
    unpack(pieces(*tree, content=b"x"), str(tmp_path), "new")
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == dict.fromkeys(
        "abc", b"x"
    )


def test_the_content_of_a_directory(tmp_path: Path) -> None:
    unpack(pieces(member("dir", tarfile.DIRTYPE, 0o755), member("dir/a"), content=b"x"), str(tmp_path), ".")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_nothing_is_setuid_or_for_all_to_write(tmp_path: Path) -> None:
    unpack(pieces(member("a", mode=0o6777)), str(tmp_path), "a")
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    "members",
    [
        [member("../out")],
        [member("a", tarfile.DIRTYPE, 0o755), member("a/../../../out")],
        [member("a", tarfile.CHRTYPE)],
        [member("a", tarfile.SYMTYPE, link="/etc"), member("a/../../out")],
    ],
)
def test_what_leads_out_is_refused(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(HytheError):
        unpack(pieces(*members, content=b"x"), str(inner), "../out" if "out" in members[0].name else "a")
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]


def test_a_link_is_followed_within_the_folder_only(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    tree = [member("d", tarfile.DIRTYPE, 0o755), member("d/up", tarfile.SYMTYPE, link=str(tmp_path))]
    try:
        unpack(pieces(*tree, member("d/up/out"), content=b"x"), str(inner), "d")
    except HytheError:
        pass
    assert not (tmp_path / "out").exists()
