"""Build contexts, archives and base images that try to reach out of their place (ANCHORS, "What must be survived")."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hythe.build.api import BuildOptions
from hythe.build.context import Source
from hythe.build.ignore import Matcher
from hythe.build.tree import Tree
from hythe.build.upload import unpack_context
from hythe.errors import HytheError, InvalidArgument, NotFound, SyntaxProblem
from tests.system.build_harness import Workbench, archive

pytestmark = pytest.mark.root


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    workbench = Workbench(tmp_path)
    yield workbench
    workbench.close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the host, outside of any context."""
    path = tmp_path / "host-secret"
    path.write_text("secret of the host")
    return path


def test_links_out_of_the_context_read_nothing_of_the_host(bench: Workbench, secret: Path) -> None:
    for link in (secret, Path("../host-secret"), Path("../../../../../..") / secret.relative_to("/")):
        with pytest.raises(SyntaxProblem, match="not found"):
            bench.build("FROM scratch\nCOPY link /x\n", {"link": link})
    with pytest.raises(SyntaxProblem, match="not found"):
        bench.build("FROM scratch\nCOPY dir/host-secret /x\n", {"dir": secret.parent})
    image = bench.build("FROM scratch\nCOPY d /d\n", {"d/link": secret})
    assert bench.files(image)["d/link"].endswith(f"-> {secret}")


@pytest.mark.parametrize("source", ["../host-secret", "/../host-secret", "a/../../host-secret"])
def test_dots_stay_in_the_context(bench: Workbench, secret: Path, source: str) -> None:
    with pytest.raises(SyntaxProblem, match="not found"):
        bench.build(f"FROM scratch\nCOPY {source} /x\n", {"a/b": ""})


def test_the_dockerfile_is_read_from_the_context_only(bench: Workbench, secret: Path) -> None:
    context = bench.context({"link": secret})
    for name in ("link", "../host-secret", "/proc/self/environ"):
        with pytest.raises(NotFound, match="Cannot locate specified Dockerfile"):
            bench.builder.build(context, BuildOptions(dockerfile=name), bench.messages.append)


def test_a_fifo_in_the_context_does_not_hang(bench: Workbench) -> None:
    context = bench.context({"Dockerfile": "FROM scratch\nCOPY pipe /pipe\n"})
    os.mkfifo(context / "pipe")
    image = bench.builder.build(context, BuildOptions(), bench.messages.append)
    assert bench.files(image)["pipe"].startswith("prw")
    os.mkfifo(context / "Pipefile")
    with pytest.raises(NotFound):
        bench.builder.build(context, BuildOptions(dockerfile="Pipefile"), bench.messages.append)


def test_a_link_that_is_swapped_never_reads_the_host(tmp_path: Path, secret: Path) -> None:
    """CVE-2018-15664's race, on the reading side: a directory and a link to the host take turns."""
    context, aside = tmp_path / "context", tmp_path / "aside"
    (context / "dir").mkdir(parents=True)
    (context / "dir/host-secret").write_text("of the context")
    aside.symlink_to(tmp_path)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (context / "dir").rename(tmp_path / "spare")
            aside.rename(context / "dir")
            (context / "dir").rename(aside)
            (tmp_path / "spare").rename(context / "dir")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        with Tree.of(context) as tree:
            for _ in range(10_000):
                assert tree.text("dir/host-secret") in ("of the context", "")
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "name", ["../out", "../../../../../../out", "a/../../out", "/../out"]
)  # an absolute name is below the destination, as everywhere
def test_archives_do_not_lead_out(bench: Workbench, name: str) -> None:
    with pytest.raises(HytheError, match="leads out"):
        bench.build("FROM scratch\nADD a.tar /x/\n", {"a.tar": archive({name: (tarfile.REGTYPE, "x")})})


def test_archive_links_are_kept_inside(bench: Workbench, tmp_path: Path, secret: Path) -> None:
    members = {
        "up": (tarfile.SYMTYPE, str(tmp_path)),
        "up/planted": (tarfile.REGTYPE, "x"),
        "back": (tarfile.SYMTYPE, "../../../../../../.."),
        "back/planted2": (tarfile.REGTYPE, "x"),
    }
    bench.build("FROM scratch\nADD a.tar /x/\n", {"a.tar": archive(members)})
    assert not (tmp_path / "planted").exists()
    assert not Path("/planted2").exists()
    with pytest.raises(HytheError):
        bench.build("FROM scratch\nADD a.tar /\n", {"a.tar": archive({"h": (tarfile.LNKTYPE, str(secret))})})


def test_links_of_the_image_are_followed_inside_the_image(bench: Workbench, tmp_path: Path) -> None:
    text = (
        f"FROM busybox\nRUN ln -s {tmp_path} /host && ln -s ../../../../../../../{tmp_path} /dots "
        "&& ln -s /proc/self/cwd /magic && ln -s /loop /loop\n"
    )
    image = bench.build(
        text + "COPY f /host/planted\nCOPY f /dots/planted2\nWORKDIR /host/made\n", {"f": "x"}
    )
    assert not (tmp_path / "planted").exists()
    assert not (tmp_path / "planted2").exists()
    assert not (tmp_path / "made").exists()
    assert str(tmp_path / "planted").lstrip("/") in bench.files(image)
    with pytest.raises(HytheError):
        bench.build(text + "COPY f /loop/x\n", {"f": "x"})


def test_copying_from_a_stage_reads_the_stage_only(bench: Workbench, secret: Path) -> None:
    text = f"FROM busybox AS a\nRUN ln -s {secret} /link && ln -s / /root-link\nFROM scratch\n"
    with pytest.raises(SyntaxProblem, match="not found"):
        bench.build(text + "COPY --from=a /link /x\n")
    image = bench.build(text + "COPY --from=a /root-link/etc/passwd /x\n")
    assert bench.read(image, "/x").startswith("root:")


def test_bind_and_cache_mounts_are_contained(bench: Workbench, secret: Path) -> None:
    """CVE-2024-23651, CVE-2024-1753: the source of a mount is a link to the host."""
    for source in ("link", "../host-secret"):
        with pytest.raises(NotFound, match="not found"):
            bench.build(
                f"FROM busybox\nRUN --mount=type=bind,source={source},target=/m cat /m\n", {"link": secret}
            )
    text = f"FROM busybox AS a\nRUN ln -s {secret.parent} /link\nFROM busybox\n"
    for kind in ("bind", "cache"):
        with pytest.raises(NotFound, match="not found"):
            bench.build(text + f"RUN --mount=type={kind},from=a,source=/link,target=/m ls /m\n")
    with pytest.raises(SyntaxProblem, match="root of the image"):
        bench.build("FROM busybox\nRUN --mount=type=tmpfs,target=/a/../.. ls\n")


def test_a_cache_that_was_tampered_with_stays_inside(bench: Workbench, secret: Path) -> None:
    bench.build(f"FROM busybox\nRUN --mount=type=cache,target=/c ln -s {secret.parent} /c/link\n")
    bench.build("FROM busybox\nRUN --mount=type=cache,target=/c ls /c/link/ || echo contained\n")
    assert "contained" in bench.text
    assert secret.read_text() == "secret of the host"


def test_an_uploaded_context_is_contained(tmp_path: Path, secret: Path) -> None:
    place = tmp_path / "upload"
    place.mkdir()
    for members in (
        {"../planted": (tarfile.REGTYPE, "x")},
        {"hard": (tarfile.LNKTYPE, str(secret))},
        {"device": (tarfile.CHRTYPE, "")},
    ):
        with pytest.raises(HytheError):
            unpack_context(io.BytesIO(archive(members)), place)
    assert not (tmp_path / "planted").exists()
    good = {
        "up": (tarfile.SYMTYPE, str(tmp_path)),
        "up/planted": (tarfile.REGTYPE, "x"),
        "f": (tarfile.REGTYPE, "y"),
    }
    unpack_context(io.BytesIO(gzip.compress(archive(good))), place)
    assert not (tmp_path / "planted").exists()
    assert (place / "f").read_text() == "y"
    assert (place / "f").stat().st_uid == 0


def test_very_deep_contexts(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    with Tree.of(tmp_path) as tree, pytest.raises(InvalidArgument, match="deep"):
        Source(tree, "build context").pick(".", Matcher())
