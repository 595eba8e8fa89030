"""Links that change while the engine mounts or copies; the host must stay as it is whatever the order."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from docker.errors import APIError

from tests.hostile.images import host_mounts
from tests.targets import Target

pytestmark = pytest.mark.root

SWAP = """
cd /shared; mkdir -p real; i=0
while [ ! -e /shared/stop ]; do
  rm -f place; mkdir place 2>/dev/null; rmdir place 2>/dev/null; ln -s {target} place
done
"""
COPIES = 400


def swapping(engine: Target, target: str) -> None:
    """A container that turns /shared/place into a folder and into a link to `target`, over and over."""
    script = SWAP.format(target=target)
    done = engine.docker(
        "run", "-d", "--name", "swapper", "-v", "shared:/shared", "busybox", "sh", "-c", script
    )
    assert done.code == 0, done.err


def test_a_destination_that_is_swapped_while_it_is_mounted(engine: Target, tmp_path: Path) -> None:
    """CVE-2021-30465."""
    victim = tmp_path / "victim"
    victim.mkdir()
    before = host_mounts(engine.root, tmp_path)
    swapping(engine, str(victim))
    options = ["-v", "shared:/m", "--mount", "type=tmpfs,dst=/m/place/inner"]
    for _ in range(40):
        done = engine.docker("run", "--rm", *options, "busybox", "cut", "-d ", "-f2", "/proc/mounts")
        mounted = [line for line in done.out.splitlines() if line.endswith("inner")]
        assert done.code != 0 or len(mounted) == 1
        assert list(victim.iterdir()) == []
    assert host_mounts(engine.root, tmp_path) == before


def test_copies_through_a_link_that_is_swapped(engine: Target, tmp_path: Path) -> None:
    """CVE-2018-15664: out of the container and into it."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "secret").write_text("secret of the host")
    swapping(engine, str(victim))
    planted = io.BytesIO()
    with tarfile.open(fileobj=planted, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("planted"))
    client = engine.client()
    try:
        for _ in range(COPIES):
            try:
                stream, _ = client.api.get_archive("swapper", "/shared/place/secret")
                assert b"secret of the host" not in b"".join(stream)
            except APIError as error:
                assert error.status_code in (400, 404), error
            try:
                client.api.put_archive("swapper", "/shared/place", planted.getvalue())
            except APIError as error:
                assert error.status_code in (400, 403, 404, 409, 500), error  # 500: it went while written to
        assert [each.name for each in victim.iterdir()] == ["secret"]
    finally:
        client.close()


def test_a_volume_of_a_stopped_container_whose_place_has_become_a_link(
    engine: Target, tmp_path: Path
) -> None:
    """What is copied in goes into the volume, wherever in its own root the container has put the place for it."""
    victim = tmp_path / "victim"
    (victim / "data").mkdir(parents=True)
    before = host_mounts(engine.root, tmp_path)
    script = f"mv /outer /away; ln -s {victim} /outer"
    done = engine.docker("run", "--name", "linked", "-v", "/outer/data", "busybox", "sh", "-c", script)
    assert done.code == 0, done.err
    client = engine.client()
    try:
        container = client.containers.get("linked")
        assert container.put_archive("/outer/data", _file("planted", b"x"))
        chunks, _ = container.get_archive("/outer/data/planted")
        assert b"".join(chunks)
        [mount] = container.attrs["Mounts"]
        assert [path.name for path in Path(mount["Source"]).iterdir()] == ["planted"]
    finally:
        client.close()
    assert list((victim / "data").iterdir()) == []
    assert host_mounts(engine.root, tmp_path) == before


def _file(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
