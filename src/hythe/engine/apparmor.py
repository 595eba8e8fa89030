"""The AppArmor profile that containers get by default, and which one a container gets.

The kernel takes policy compiled only, and the compiler is apparmor_parser(8), AppArmor's own loader. It is run
once, when the engine starts, on kernels that have AppArmor and do not have the profile yet. Where it is not
installed containers run without a default profile, as with dockerd, and that is said in the log.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from importlib.resources import files
from typing import Final

from hythe.kernel import apparmor, usernamespaces

DEFAULT: Final = "hythe-default"
_log = logging.getLogger(__name__)


def load_default() -> None:
    """Give the kernel the default profile. What goes wrong is told in the log: it is one layer among several."""
    if not apparmor.enabled() or apparmor.loaded(DEFAULT):
        return
    if not usernamespaces.initial():
        _log.warning("containers run without an AppArmor profile: only the host's root may load one")
        return
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if parser is None:
        _log.warning("containers run without an AppArmor profile: install the package apparmor")
        return
    policy = (files("hythe.engine") / "defaults" / "apparmor").read_bytes()
    command = [parser, "--replace", "--skip-cache"]
    done = subprocess.run(command, input=policy, capture_output=True, check=False)
    if done.returncode != 0:
        _log.warning("containers run without an AppArmor profile: %s", done.stderr.decode().strip())


def available() -> bool:
    """Whether containers are confined by the default profile."""
    return apparmor.enabled() and bool(apparmor.loaded(DEFAULT))


def profile(wanted: str | None, *, privileged: bool) -> str:
    """The profile's name, "unconfined", or "" on a kernel without AppArmor, where docker passes it over too."""
    if not apparmor.enabled():
        return ""
    if wanted:
        return wanted
    if privileged:
        return apparmor.UNCONFINED
    return DEFAULT if available() else ""
