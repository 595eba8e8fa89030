"""What the kernel must offer, tried once when the engine starts: one clear error then, not one for each container.

Overlay file systems on the data root cannot be told from a version: the kernel may lack them, and not every file
system takes an upper layer. Bridges and the packet filter are tried by making them, right after this. The default
AppArmor profile is given to the kernel on the way.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hythe.engine import apparmor
from hythe.errors import Unavailable
from hythe.kernel import overlay
from hythe.kernel.cgroups import detect


def check(data: Path) -> None:
    """Raises Unavailable, with what to do, for what containers cannot be without."""
    detect().make_room()
    apparmor.load_default()
    with tempfile.TemporaryDirectory(prefix="preflight-", dir=data) as folder:
        lower, upper, work = (Path(folder, name) for name in ("lower", "upper", "work"))
        for path in (lower, upper, work):
            path.mkdir()
        try:
            root = overlay.detached(overlay.Layers([str(lower)], str(upper), str(work), []))
        except OSError as error:
            raise Unavailable(
                f"containers cannot be kept in {data}: {error.strerror}",
                hint="it takes a kernel with overlay (modprobe overlay; for an ordinary user Linux 5.11), and a data "
                "root on ext4, xfs, btrfs or tmpfs, not on an overlay itself; --data-root chooses another",
            ) from error
        os.close(root)
