"""The way from the namespaces' network to the host's, by a program that speaks TCP and UDP for it in user space.

pasta (package passt) or slirp4netns, whichever is there; without one containers reach each other and what is
published, and nothing else. The program belongs to the keeper. The name server that it offers takes the place of the
host's, whose own may listen on a loopback that cannot be seen from inside.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_DNS: Final = "169.254.10.53"
_SLIRP_DNS: Final = "10.0.2.3"
_SECONDS: Final = 10


@dataclass
class Uplink:
    """`kind` is "pasta", "slirp4netns" or "none"; `servers` what is to be in resolv.conf, [] for the host's."""

    kind: str = "none"
    servers: list[str] = field(default_factory=list)
    warning: str = ""
    pid: int = 0

    def stop(self) -> None:
        """End the program, which is this process's child."""
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def start(pid: int) -> Uplink:
    """Connect the network namespace of process `pid`. What fails is told as the warning."""
    reasons = []
    for name, attempt in (("pasta", _pasta), ("slirp4netns", _slirp)):
        if shutil.which(name):
            found = attempt(pid)
            if isinstance(found, Uplink):
                return found
            reasons.append(f"{name}: {found}")
    why = "; ".join(reasons) or "neither pasta nor slirp4netns is installed: sudo apt-get install passt"
    return Uplink(warning=f"containers have no way out of this host: {why}")


def _pasta(pid: int) -> Uplink | str:
    """It goes to the background when it is ready; the keeper, as subreaper, is its parent then."""
    with tempfile.TemporaryDirectory(prefix="hythe-pasta-") as folder:
        command = [
            "pasta",
            "--config-net",
            "--quiet",
            "--no-map-gw",
            "--dns-forward",
            _DNS,
            "--pid",
            f"{folder}/pid",
        ]
        command += ["-t", "none", "-u", "none", "-T", "none", "-U", "none", str(pid)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                timeout=_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"it did not get ready within {_SECONDS} seconds"
        if done.returncode:
            return _last_words(done.stderr)
        return Uplink("pasta", [_DNS], pid=int(Path(folder, "pid").read_text()))


def _slirp(pid: int) -> Uplink | str:
    ready, written = os.pipe()
    process = subprocess.Popen(
        ["slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", f"--ready-fd={written}",
         str(pid), "tap0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[written],
    )  # fmt: skip
    os.close(written)
    try:
        readable, _, _ = select.select([ready], [], [], _SECONDS)
        answered = bool(readable) and os.read(ready, 1) == b"1"
    finally:
        os.close(ready)
    if answered:
        return Uplink("slirp4netns", [_SLIRP_DNS], pid=process.pid)
    process.kill()
    return _last_words(process.communicate()[1])


def _last_words(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it ended without a word"
