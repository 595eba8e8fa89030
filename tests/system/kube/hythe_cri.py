"""hythe's own engine as the runtime: a daemon of its own that serves CRI, with the images of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.kube.containerd import BUSYBOX, image_archive
from tests.targets import start_hythe


@contextmanager
def hythe_cri(root: Path) -> Iterator[str]:
    """The address of its CRI socket."""
    address = f"unix://{root / 'cri.sock'}"
    with start_hythe(root, "--cri", address) as target:
        loaded = target.docker("load", stdin=image_archive(BUSYBOX, ["sh"]))
        assert loaded.code == 0, loaded.err
        yield address
