"""A root file system of the machine's static busybox, for containers of the suites."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PROGRAM = Path("/bin/busybox")
_FOLDERS = "bin dev etc home proc root sbin sys tmp usr/bin usr/sbin var".split()
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
}


def fill(tree: Path) -> None:
    """Make the root file system in the empty folder `tree`."""
    tree.chmod(0o755)
    for folder in _FOLDERS:
        (tree / folder).mkdir(parents=True)
    (tree / "tmp").chmod(0o1777)
    for name, text in _FILES.items():
        (tree / name).write_text(text)
    shutil.copy(PROGRAM, tree / "bin/busybox")
    applets = subprocess.run([PROGRAM, "--list"], check=True, text=True, capture_output=True).stdout.split()
    for applet in applets:
        if applet != "busybox":
            (tree / "bin" / applet).symlink_to("busybox")
