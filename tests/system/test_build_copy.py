"""COPY and ADD on a real kernel: where files land, whose they are, and what the cache takes for the same."""

from __future__ import annotations

import bz2
import gzip
import http.server
import lzma
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from hythe.errors import InvalidArgument, SyntaxProblem, Unsupported
from tests.system.build_harness import Workbench, archive

pytestmark = pytest.mark.root


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    workbench = Workbench(tmp_path)
    yield workbench
    workbench.close()


TREE: dict[str, str | bytes | Path] = {
    "a.txt": "A", "b.txt": "B", "d/one": "1", "d/sub/two": "2", "d/link": Path("sub/two"), "dlink": Path("d"),
}  # fmt: skip


def test_destinations(bench: Workbench) -> None:
    image = bench.build(
        """FROM scratch
        COPY a.txt /file
        COPY a.txt /dir/
        COPY d /contents
        COPY *.txt d /mixed/
        WORKDIR /work
        COPY a.txt .
        COPY a.txt sub/here
        COPY dlink linked
        COPY ["a.txt", "/with space/"]
        """,
        TREE,
    )
    found = bench.files(image)
    for path in (
        "file", "dir/a.txt", "contents/one", "contents/sub/two", "mixed/a.txt", "mixed/b.txt", "mixed/one",
        "work/a.txt", "work/sub/here", "work/linked/one", "with space/a.txt",
    ):  # fmt: skip
        assert path in found, path
    assert found["contents/link"] == "lrwxrwxrwx 0:0 -> sub/two"
    assert found["file"] == "-rw-r--r-- 0:0 A"


def test_into_an_existing_directory_and_through_links(bench: Workbench) -> None:
    image = bench.build(
        "FROM busybox\nRUN ln -s /etc /conf && ln -s /nowhere/yet /later && ln -s passwd /etc/alias\n"
        "COPY a.txt /etc\nCOPY a.txt /conf/b\nCOPY a.txt /later/c\nCOPY a.txt /etc/alias\nCOPY d /conf\n",
        TREE,
    )
    found = bench.files(image)
    assert found["etc/a.txt"].endswith("A")
    assert found["etc/b"].endswith("A")
    assert found["nowhere/yet/c"].endswith("A")
    assert found["etc/passwd"].endswith("A")
    assert found["etc/sub/two"].endswith("2")
    assert found["conf"] == "lrwxrwxrwx 0:0 -> /etc"


def test_owner_and_mode(bench: Workbench) -> None:
    image = bench.build(
        "FROM busybox\nCOPY --chown=nobody:wheel d /n\nCOPY --chown=7 --chmod=600 a.txt /p/q/a\n"
        "COPY --chmod=u=rwX,go=rX d /m\nFROM scratch\nCOPY --from=0 /n /n\nCOPY --from=0 --chown=1:2 /p /p\n"
        "COPY --from=0 /m /m\n",
        TREE,
    )
    found = bench.files(image)
    assert found["n/sub/two"] == "-rw-r--r-- 65534:10 2"
    assert found["p/q/a"] == "-rw------- 1:2 A"
    assert found["m/sub"] == "drwxr-xr-x 0:0"
    with pytest.raises(SyntaxProblem, match="no such user: stranger") as caught:
        bench.build("FROM busybox\nCOPY --chown=stranger a.txt /\n", TREE)
    assert (caught.value.line, caught.value.column) == (2, 14)


def test_exclude_and_parents(bench: Workbench) -> None:
    image = bench.build(
        "FROM scratch\nCOPY --exclude=*.txt --exclude=d/sub . /e/\nCOPY --parents d/sub/two a.txt /p/\n"
        "COPY --parents ./d/./sub/* /q/\nCOPY **/two /w/\n",
        TREE | {".dockerignore": "Dockerfile\n.dockerignore\n"},
    )
    found = bench.files(image)
    assert {path for path in found if path.startswith("e/")} == {"e/d", "e/d/one", "e/d/link", "e/dlink"}
    assert "p/d/sub/two" in found
    assert "p/a.txt" in found
    assert "q/sub/two" in found
    assert "w/two" in found


def test_dockerignore(bench: Workbench) -> None:
    ignore = "**/*.log\nsecret\nkeep\n!keep/this\n"
    files: dict[str, str | bytes | Path] = {
        ".dockerignore": ignore, "a.log": "", "x/b.log": "", "x/c": "",
        "secret/k": "", "keep/this": "", "keep/not": "",
    }  # fmt: skip
    found = bench.files(bench.build("FROM scratch\nCOPY . /c/\n", files))
    assert set(found) == {
        "c", "c/x", "c/x/c", "c/keep", "c/keep/this", "c/Dockerfile", "c/.dockerignore",
    }  # fmt: skip
    with pytest.raises(SyntaxProblem, match=r"secret.*not found"):
        bench.build("FROM scratch\nCOPY secret /\n", files)


def test_heredoc_files(bench: Workbench) -> None:
    image = bench.build(
        "FROM scratch\nENV NAME=world\nCOPY <<hello <<-'raw' /d/\nhi $NAME\nhello\n\thi $NAME\n\traw\n", {}
    )
    assert bench.read(image, "/d/hello") == "hi world\n"
    assert bench.read(image, "/d/raw") == "hi $NAME\n"


def test_add_unpacks_local_archives(bench: Workbench) -> None:
    plain = archive({"d": (tarfile.DIRTYPE, ""), "d/f": (tarfile.REGTYPE, "hi")})
    packers = (bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress)
    for data in (pack(plain) for pack in packers):
        image = bench.build(
            "FROM scratch\nADD it.bin /x\nADD --chown=7:8 it.bin /y/\n"
            "COPY it.bin /z\nADD --unpack=false it.bin /w\n",
            {"it.bin": data},
        )
        found = bench.files(image)
        assert found["x/d/f"] == "-rw-r--r-- 5:6 hi"
        assert found["y/d/f"] == "-rw-r--r-- 7:8 hi"
        assert found["z"].startswith("-rw-r--r-- 0:0")
        assert found["w"].startswith("-rw-r--r-- 0:0")


def test_add_url(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/file").write_text("from afar")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "served"))  # type: ignore[arg-type]

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/file"
            image = bench.build(f"FROM scratch\nADD {url} /d/\nADD {url} /name\n")
            assert bench.files(image)["d/file"] == "-rw------- 0:0 from afar"
            assert bench.read(image, "/name") == "from afar"
            with pytest.raises(InvalidArgument, match="digest mismatch"):
                bench.build(f"FROM scratch\nADD --checksum=sha256:{'0' * 64} {url} /d/\n")
        finally:
            server.shutdown()
    with pytest.raises(Unsupported, match="git"):
        bench.build("FROM scratch\nADD https://example.org/a.git /a\n")


def test_mistakes(bench: Workbench) -> None:
    for text, says in (
        ("COPY nothing /x", "2:6: COPY failed: nothing: not found"),
        ("COPY a.txt b.txt /x", "must be a directory and end with a /"),
        ("COPY d /etc/passwd", "not a directory"),
        ("COPY --from=nobody /a /b", "invalid from flag value nobody"),
        ("COPY --chmod=9 a.txt /b", "invalid chmod parameter"),
        ("COPY [a /b", "syntax error in pattern"),
    ):
        with pytest.raises(SyntaxProblem) as caught:
            bench.build(f"FROM busybox\n{text}\n", TREE)
        assert says in str(caught.value), text
        assert bench.messages[-1]["error"] == str(caught.value)


def test_cache_goes_by_content(bench: Workbench) -> None:
    text = "FROM scratch\nCOPY d /d\nCOPY a.txt /a\nLABEL x=y\n"
    first = bench.build(text, TREE)
    again = bench.build(text, TREE)
    assert again.id == first.id
    assert bench.text.count("Using cache") == 3
    changed = bench.build(text, TREE | {"a.txt": "other"})
    assert changed.id != first.id
    assert bench.text.count("Using cache") == 1
    fresh = bench.build(text, TREE, no_cache=True)
    assert bench.text.count("Using cache") == 0
    assert fresh.config.rootfs.diff_ids is not None
