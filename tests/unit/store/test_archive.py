"""Archives: what is written is read back the same, by us and by Python's tarfile, and the other way round."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.errors import Unsupported
from hythe.store.archive import compression, header, pax
from hythe.store.archive.entry import BadArchive, Entry, Kind, Limits
from hythe.store.archive.pack import Packer, pack_tree
from hythe.store.archive.reader import Reader
from hythe.store.archive.unpack import Unpacker
from hythe.store.archive.writer import Writer

NOW = 1_700_000_000 * 10**9

_name = st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=120).filter(
    lambda text: text not in (".", "..") and len(text.encode()) <= 250
)
_path = st.lists(_name, min_size=1, max_size=4).map("/".join)
_number = st.integers(0, 2**32 - 1)
_xattrs = st.dictionaries(
    st.sampled_from(["user.a", "user.b=%c", "security.capability"]), st.binary(max_size=40), max_size=2
)


@st.composite
def _entries(draw: st.DrawFn) -> tuple[Entry, bytes]:
    kind = draw(st.sampled_from(list(Kind)))
    content = draw(st.binary(max_size=1500)) if kind is Kind.FILE else b""
    path = draw(_path) + ("/" if kind is Kind.DIRECTORY else "")
    device = kind in (Kind.CHARACTER, Kind.BLOCK)
    entry = Entry(
        path, kind, mode=draw(st.integers(0, 0o7777)), uid=draw(_number), gid=draw(_number), size=len(content),
        mtime=draw(st.integers(-(10**9), 2**34)) * 10**9,
        link=draw(_path) if kind in (Kind.SYMLINK, Kind.HARD_LINK) else "",
        major=draw(st.integers(0, 4095)) if device else 0, minor=draw(st.integers(0, 2**20 - 1)) if device else 0,
        xattrs=draw(_xattrs),
    )  # fmt: skip
    return entry, content


def _written(members: list[tuple[Entry, bytes]]) -> bytes:
    out = io.BytesIO()
    writer = Writer(out)
    for entry, content in members:
        writer.add(entry)
        writer.content(content)
    writer.close()
    assert writer.size == len(out.getvalue())
    return out.getvalue()


@given(st.lists(_entries(), max_size=6))
def test_what_is_written_is_read_back(members: list[tuple[Entry, bytes]]) -> None:
    data = _written(members)
    reader = Reader(io.BytesIO(data))
    assert [(entry, reader.read(1 << 20)) for entry in reader] == members
    assert reader.ended
    assert _written(members) == data


@settings(max_examples=40)
@given(st.lists(_entries(), max_size=4))
def test_tarfile_reads_the_same(members: list[tuple[Entry, bytes]]) -> None:
    with tarfile.open(fileobj=io.BytesIO(_written(members))) as tar:
        read = [
            (info.name, info.uid, info.gid, info.size, info.mode, int(info.mtime))
            for info in tar.getmembers()
        ]
    assert read == [(e.path.rstrip("/"), e.uid, e.gid, e.size, e.mode, e.mtime // 10**9) for e, _ in members]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_tarfile_are_read(form: int) -> None:
    out = io.BytesIO()
    long = "d" * 90 + "/" + "f" * 60
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        info = tarfile.TarInfo(long)
        info.size, info.mtime, info.uid = 3, 1_700_000_000, 1000
        tar.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "t" * 99
        tar.addfile(link)
    out.seek(0)
    reader = Reader(out)
    found = [(entry.path, entry.kind, reader.read(10), entry.link) for entry in reader]
    assert found == [(long, Kind.FILE, b"abc", ""), ("link", Kind.SYMLINK, b"", "t" * 99)]


def test_gnu_long_names_and_large_numbers() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo("n" * 300)
        info.uid, info.type, info.linkname = 3_000_000_000, tarfile.LNKTYPE, "l" * 300
        tar.addfile(info)
    out.seek(0)
    (entry,) = list(Reader(out))
    assert (entry.path, entry.uid, entry.link) == ("n" * 300, 3_000_000_000, "l" * 300)


def test_pax_times_have_nanoseconds() -> None:
    assert pax.nanoseconds(b"1700000000.123456789") == 1_700_000_000_123_456_789
    assert pax.nanoseconds(b"1.5") == 1_500_000_000
    with pytest.raises(BadArchive):
        pax.nanoseconds(b"1e9")


@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=33, max_codepoint=126, blacklist_characters="="), min_size=1),
        st.binary(),
    )
)
def test_pax_records_round_trip(records: dict[str, bytes]) -> None:
    assert pax.parse(pax.encode(records)) == records


@given(st.binary(max_size=200))
def test_any_pax_data_is_read_or_refused(data: bytes) -> None:
    try:
        pax.parse(data)
    except BadArchive:
        pass


@given(st.binary(min_size=512, max_size=2048))
def test_any_bytes_are_refused_and_not_read(data: bytes) -> None:
    reader = Reader(io.BytesIO(data))
    try:
        assert list(reader) == [] and not data.strip(b"\0")
    except (BadArchive, Unsupported):
        pass


@given(st.integers(1, 3000))
def test_a_cut_archive_is_noticed(cut: int) -> None:
    whole = _written([(Entry("a", size=600, mtime=NOW), b"x" * 600), (Entry("b", Kind.DIRECTORY), b"")])
    reader = Reader(io.BytesIO(whole[: max(len(whole) - cut, 0)]))
    try:
        list(reader)
    except BadArchive:
        return
    assert not reader.ended or cut <= 512


@pytest.mark.parametrize("kind", [b"S", b"M", b"D", b"N", b"Z"])
def test_other_members_are_refused_by_name(kind: bytes) -> None:
    block = header.encode(Entry("x"), kind)
    with pytest.raises(Unsupported, match="not supported"):
        list(Reader(io.BytesIO(block + bytes(1024))))


def test_limits_hold() -> None:
    many = _written([(Entry(str(i)), b"") for i in range(20)])
    with pytest.raises(BadArchive, match="more than 10 members"):
        list(Reader(io.BytesIO(many), Limits(entries=10)))
    large = _written([(Entry("a", size=2000), b"x" * 2000)])
    with pytest.raises(BadArchive, match="more than 1000 bytes"):
        list(Reader(io.BytesIO(large), Limits(content=1000)))


@pytest.mark.parametrize("kind", [compression.GZIP, compression.ZSTD, compression.XZ, compression.BZIP2, ""])
def test_compression_is_recognised(kind: str) -> None:
    data = os.urandom(5000) + bytes(100_000)
    assert compression.plain(io.BytesIO(_compressed(kind, data))).read() == data


@pytest.mark.parametrize("kind", [compression.GZIP, compression.XZ, compression.BZIP2])
def test_damaged_compression_is_a_bad_archive(kind: str) -> None:
    data = _compressed(kind, os.urandom(5000))
    with pytest.raises(BadArchive):
        compression.plain(io.BytesIO(data[:-20])).read()


def _compressed(kind: str, data: bytes) -> bytes:
    import bz2
    import gzip
    import lzma

    import zstandard

    return {
        "": lambda: data,
        "gzip": lambda: gzip.compress(data),
        "zstd": lambda: zstandard.ZstdCompressor().compress(data),
        "xz": lambda: lzma.compress(data),
        "bzip2": lambda: bz2.compress(data),
    }[kind]()


# ---- files ------------------------------------------------------------------------------------


def _unpack(data: bytes, folder: Path) -> None:
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        Unpacker(root, owners=False).run(Reader(io.BytesIO(data)))
    finally:
        os.close(root)


def _pack(folder: Path, epoch: int | None = None) -> bytes:
    out = io.BytesIO()
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if epoch is None:
            pack_tree(root, Writer(out))
        else:
            writer = Writer(out)
            Packer(writer, epoch=epoch).below(root)
            writer.close()
    finally:
        os.close(root)
    return out.getvalue()


def test_a_tree_survives_the_round_trip(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "deep" / "er").mkdir(parents=True)
    two.mkdir()
    (one / "deep" / "file").write_bytes(b"x" * 3000)
    (one / "deep" / "file").chmod(0o4755)
    os.link(one / "deep" / "file", one / "other-name")
    (one / "link").symlink_to("/nowhere/else")
    os.mkfifo(one / "deep" / "fifo")
    (one / "\udcff-not-utf8").touch()
    os.utime(one / "deep", ns=(NOW, NOW))
    data = _pack(one)
    _unpack(data, two)
    assert _pack(two) == data
    assert (two / "other-name").stat().st_ino == (two / "deep" / "file").stat().st_ino
    assert (two / "deep" / "file").stat().st_mode & 0o7777 == 0o4755
    assert (two / "deep").stat().st_mtime_ns == NOW
    assert (two / "link").readlink() == Path("/nowhere/else")


def test_times_are_clamped(tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    (tmp_path / "old").touch()
    os.utime(tmp_path / "old", ns=(10**9, 10**9))
    times = {entry.path: entry.mtime // 10**9 for entry in Reader(io.BytesIO(_pack(tmp_path, epoch=1000)))}
    assert times == {"new": 1000, "old": 1}


def test_later_entries_replace_earlier_ones(tmp_path: Path) -> None:
    data = _written([
        (Entry("a/b/c", size=1), b"1"), (Entry("a/b", size=1), b"2"), (Entry("x", Kind.SYMLINK, link="a"), b""),
        (Entry("x", Kind.DIRECTORY, mode=0o700), b""), (Entry("x/y", size=1), b"3"),
    ])  # fmt: skip
    _unpack(data, tmp_path)
    assert (tmp_path / "a/b").read_bytes() == b"2"
    assert not (tmp_path / "x").is_symlink() and (tmp_path / "x/y").read_bytes() == b"3"
