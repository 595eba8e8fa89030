"""A Debian base image: mmdebstrap (or debootstrap) makes the root file system, a tar of it is the result.

The variant is "apt": the essential packages and apt itself, which is what the slim image is. The settings
that make an image of it are files under src/hythe/images/debian: `root/` is copied over the file system,
`finish.sh` does the rest and says what. Downloaded packages are kept for the next run in the cache
directory, under a lock, since two runs would empty it under each other.

Certificates of authorities that the host's administrator has added (/usr/local/share/ca-certificates) go
into the image: where a proxy re-signs all TLS traffic, nothing inside could fetch anything without them.
They are not secret, and `--no-host-certificates` leaves them out of images that are to be given away.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hythe.cli import bootstrap_mirror
from hythe.cli.bootstrap_child import run
from hythe.cli.bootstrap_mirror import Mirror
from hythe.errors import Denied, SystemProblem, Unavailable

CHANGES: Final = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    'CMD ["bash"]',
)
CERTIFICATES: Final = Path("/usr/local/share/ca-certificates")
_MERGED_USR: Final = Path("/usr/share/mmdebstrap/hooks/merged-usr")
_LEFT_OUT: Final = ("./dev/*", "./proc/*", "./sys/*", "./run/*", "./tmp/*")
_HINT: Final = (
    "is the mirror in reach? another: --from-mirror URL --security-mirror URL; all output: --verbose"
)


@dataclass(frozen=True)
class Request:
    """What to make. `files` is the folder src/hythe/images/debian; `certificates` a directory with *.crt."""

    suite: str
    mirror: Mirror
    files: Path
    cache: Path
    certificates: Path | None
    verbose: bool = False


def tool() -> str:
    """The program that will be used. Unavailable if there is none, Denied if the user may not use it."""
    for name in ("mmdebstrap", "debootstrap"):
        if shutil.which(name):
            break
    else:
        raise Unavailable(
            "making a Debian image needs mmdebstrap or debootstrap, and neither is installed",
            hint="install it: apt-get install mmdebstrap",
        )
    if os.geteuid() != 0:
        raise Denied(f"making a Debian image with {name} needs root", hint="sudo hythe image bootstrap NAME")
    return name


def cache_folder() -> Path:
    """Where packages are kept: $XDG_CACHE_HOME/hythe where that is set, else /var/cache/hythe."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "hythe" if base else Path("/var/cache/hythe")


def host_certificates(folder: Path = CERTIFICATES) -> Path | None:
    """The directory of authorities added by the host's administrator, if there are any."""
    return folder if any(folder.glob("*.crt")) else None


def make(request: Request, target: Path) -> None:
    """Write the tar of a root file system to `target`."""
    program = tool()
    packages = request.cache / "packages" / request.suite
    keyring = bootstrap_mirror.KEYRING if bootstrap_mirror.KEYRING.exists() else None
    with _locked(packages), tempfile.TemporaryDirectory(prefix="hythe-sources-") as scratch:
        plain, signed = Path(scratch) / "sources.list", Path(scratch) / "signed.list"
        plain.write_text(request.mirror.sources(request.suite))
        signed.write_text(request.mirror.sources(request.suite, keyring))
        if program == "mmdebstrap":
            command = mmdebstrap(request, plain, signed, packages, target)
            run(command, f"make {request.suite}", verbose=request.verbose, hint=_HINT)
        else:
            _debootstrap(request, plain, packages, keyring, target)


def mmdebstrap(request: Request, plain: Path, signed: Path, packages: Path, target: Path) -> list[str]:
    """The command line. `plain` becomes the image's sources.list, `signed` is used while it is made."""
    setup = _hook(request.files / "setup.sh", request.files / "root", packages)
    finish = _hook(request.files / "finish.sh", *_finish(request, plain, packages))
    return [
        "mmdebstrap", "--mode=root", "--variant=apt", "--format=tar",
        # Keep the packages for the cache; leave our policy-rc.d alone; an image has no devices.
        "--skip=essential/unlink,chroot/policy-rc.d,output/dev",
        f"--hook-dir={_MERGED_USR}", f"--setup-hook={setup}", f"--customize-hook={finish}",
        *_include(request.mirror),
        request.suite, str(target), str(signed),
    ]  # fmt: skip


def _include(mirror: Mirror) -> list[str]:
    """A package more where apt inside could not reach the mirror without it."""
    return ["--include=ca-certificates"] if mirror.encrypted else []


def _hook(script: Path, *arguments: str | Path) -> str:
    """A line for mmdebstrap's shell, which has the root file system as $1."""
    return f'sh {shlex.quote(str(script))} "$1" {shlex.join(map(str, arguments))}'


def _finish(request: Request, sources: Path, packages: Path) -> list[str]:
    """The arguments of finish.sh after the root."""
    certificates = str(request.certificates) if request.certificates else ""
    return [str(request.files / "root"), str(sources), certificates, str(packages)]


def _debootstrap(request: Request, sources: Path, packages: Path, keyring: Path | None, target: Path) -> None:
    """The same in steps: debootstrap knows neither hooks nor security updates, and makes no tar."""
    with tempfile.TemporaryDirectory(prefix="hythe-debootstrap-") as scratch:
        root = Path(scratch) / "root"

        def step(command: list[str]) -> None:
            run(command, f"make {request.suite}", verbose=request.verbose, hint=_HINT)

        signed = [f"--keyring={keyring}"] if keyring else []
        step([
            "debootstrap", "--variant=minbase", "--merged-usr", *signed, f"--cache-dir={packages.resolve()}",
            *_include(request.mirror),
            request.suite, str(root), request.mirror.archive,
        ])  # fmt: skip
        shutil.copyfile(sources, root / "etc/apt/sources.list")
        step(["chroot", str(root), "apt-get", "-qq", "update"])
        step(["chroot", str(root), "apt-get", "-qq", "-y", "dist-upgrade"])
        step(["sh", str(request.files / "finish.sh"), str(root), *_finish(request, sources, packages)])
        step(_tar(root, target))


def _tar(root: Path, target: Path) -> list[str]:
    """GNU tar's command line for an archive that does not depend on the order or the time of its making."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", str(int(time.time())))
    return [
        "tar", "--create", f"--file={target}", f"--directory={root}", "--sort=name", "--numeric-owner",
        "--xattrs", "--xattrs-include=*", "--format=posix", "--pax-option=delete=atime,delete=ctime",
        "--clamp-mtime", f"--mtime=@{epoch}", *(f"--exclude={path}" for path in _LEFT_OUT), ".",
    ]  # fmt: skip


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        hint = "choose another place with XDG_CACHE_HOME"
        raise SystemProblem(f"cannot use the cache {folder}: {error.strerror}", hint=hint) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
