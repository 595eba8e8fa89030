"""Source packages of the distribution, unpacked below a cache folder.

The machine's own lists of packages are left alone: apt runs with a configuration of its own, whose sources are those
of the machine with `deb-src` for `deb`. Once unpacked, a source is used again without the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

DISTRIBUTIONS = ("Debian", "Ubuntu")
_FORMAT = "$(ORIGIN)|deb-src $(SITE) $(RELEASE) $(COMPONENT)"


def default_cache() -> Path:
    """Where sources and results are kept when nothing else is said: $HYTHE_PEERS_CACHE or ~/.cache/hythe-peers."""
    return Path(os.environ.get("HYTHE_PEERS_CACHE") or Path.home() / ".cache/hythe-peers")


def unpacked(package: str, cache: Path) -> Path:
    """The folder with the unpacked source of `package`, fetched when it is not there yet.

    Raises RuntimeError with apt's words when the archive does not give it.
    """
    home = cache / "sources" / package
    done = home / "tree"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        environment = {**os.environ, "APT_CONFIG": str(_configuration(cache / "apt"))}
        _run(["apt-get", "-q", "update"], home, environment)
        _run(["apt-get", "-q", "source", "--download-only", package], home, environment)
        [description] = home.glob("*.dsc")
        # Signatures are apt's business; unpacking needs no keyring of the package's maintainers.
        _run(["dpkg-source", "--no-check", "-x", description.name, "unpacked"], home, environment)
        (home / "unpacked").rename(done)
    return done


def version(package: str, cache: Path) -> str:
    """The version of the source that `unpacked` gave."""
    [description] = (cache / "sources" / package).glob("*.dsc")
    return description.name.removesuffix(".dsc").partition("_")[2]


def _configuration(home: Path) -> Path:
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    command = ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]
    targets = _run(command, home, dict(os.environ))
    lines = {line.partition("|")[2] for line in targets.splitlines() if line.startswith(DISTRIBUTIONS)}
    if not lines:
        raise RuntimeError("apt knows no source of packages of Debian or Ubuntu; the suites come from there")
    (home / "sources.list").write_text("".join(f"{line}\n" for line in sorted(lines)))
    configuration = home / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "{home}/sources.list";\n'
        'Dir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{home}/lists";\n'
        f'Dir::Cache "{home}/cache";\n'
        'APT::Sandbox::User "root";\n'
    )
    return configuration


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout
