"""Images that no builder would make, busybox with entries of the attacker's choice on top; and the host's mounts."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.targets import Target, busybox_tar


def host_mounts(*ours: Path) -> list[str]:
    """Mount points of the host, in order; of those below /tmp and /run, where other tests work, only `ours`."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    below = tuple(str(each) for each in ours)
    return [place for place in places if place.startswith(below) or not place.startswith(("/tmp/", "/run/"))]


def hostile_image(
    engine: Target, name: str, links: Mapping[str, str], files: Mapping[str, Path] | None = None
) -> None:
    """Import an image that has these symbolic links and (copied from the host, executable) files."""
    archive = io.BytesIO(busybox_tar())
    with tarfile.open(fileobj=archive, mode="a") as tar:
        for path, target in links.items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
            tar.addfile(info)
        for path, source in (files or {}).items():
            info, content = tarfile.TarInfo(path), source.read_bytes()
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    client = engine.client()
    try:
        client.api.import_image_from_data(archive.getvalue(), repository=name, tag="latest")
    finally:
        client.close()
