"""Where Debian's packages come from: the mirror this machine uses itself, or one that the user names.

The host's own choice is read from its apt sources (sources.list(5), both the one-line and the deb822 form),
since where access to the outside is narrow it is the one that works. A host that is not Debian, or of
another release, gives Debian's default mirror. What is written into an image is a plain sources.list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT: Final = "http://deb.debian.org/debian"
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_ONE_LINE: Final = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$")


@dataclass(frozen=True)
class Mirror:
    """The archive and its security archive, as URLs; `security` is empty where there is none."""

    archive: str
    security: str

    @property
    def encrypted(self) -> bool:
        """Does apt need certificates to reach it?"""
        return self.archive.startswith("https:") or self.security.startswith("https:")

    def sources(self, suite: str, keyring: Path | None = None) -> str:
        """A sources.list for `suite`: releases, updates and security fixes."""
        option = f" [signed-by={keyring}]" if keyring else ""
        lines = [
            f"deb{option} {self.archive} {suite} main",
            f"deb{option} {self.archive} {suite}-updates main",
        ]
        if self.security:
            lines.append(f"deb{option} {self.security} {suite}-security main")
        return "\n".join(lines) + "\n"


def named(url: str, security: str | None) -> Mirror:
    """The mirror at `url`. Unless said otherwise its security archive is beside it."""
    archive = url.rstrip("/")
    beside = archive.removesuffix("/debian") + "/debian-security"
    return Mirror(archive, beside if security is None else security.rstrip("/"))


def of_host(suite: str, etc_apt: Path = Path("/etc/apt")) -> Mirror:
    """The mirror that the host's apt uses for `suite`; Debian's default where it uses none."""
    used: dict[str, str] = {}
    for url, each in _entries(etc_apt):
        if url.startswith(("http://", "https://")):  # what is a file here is no file inside
            used.setdefault(each, url.rstrip("/"))
    if suite not in used:
        return named(DEFAULT, None)
    return named(used[suite], used.get(f"{suite}-security"))


def _entries(etc_apt: Path) -> Iterator[tuple[str, str]]:
    """(URL, suite) of every entry that offers packages of "main"."""
    parts = etc_apt / "sources.list.d"
    for file in [etc_apt / "sources.list", *sorted(parts.glob("*.list"))]:
        if file.is_file():
            yield from _one_line(file.read_text(errors="replace").splitlines())
    for file in sorted(parts.glob("*.sources")):
        yield from _deb822(file.read_text(errors="replace"))


def _one_line(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match and "main" in match[3].split():
            yield match[1], match[2]


def _deb822(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, list[str]] = {}
        name = ""
        for line in stanza.splitlines():
            if not line[:1].isspace():
                name, _, line = line.partition(":")
            fields.setdefault(name.strip().lower(), []).extend(line.split())
        enabled = fields.get("enabled", ["yes"])[:1] != ["no"]
        if enabled and "deb" in fields.get("types", []) and "main" in fields.get("components", []):
            yield from ((url, suite) for url in fields.get("uris", []) for suite in fields.get("suites", []))
