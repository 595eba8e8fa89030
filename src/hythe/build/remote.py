"""ADD from a URL: one file fetched by http or https into the builder's own directory.

The name in the image comes from the URL's path; the time from Last-Modified, so that the same file gives
the same layer (Dockerfile reference, "ADD", "Adding files from a URL"). Nothing that is fetched is unpacked
unless --unpack=true asks for it. Git repositories are refused by name.
"""

from __future__ import annotations

import email.utils
import hashlib
import os
import posixpath
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Final

from hythe.errors import InvalidArgument, Unavailable, Unsupported

_URL: Final = re.compile(r"^https?://", re.IGNORECASE)
_GIT: Final = re.compile(r"^(git://|git@|ssh://)|^https?://\S+\.git(#\S*)?$", re.IGNORECASE)
_TIMEOUT: Final = 60.0


def is_remote(source: str) -> bool:
    """Whether an ADD source is a URL. Raises Unsupported for a git repository."""
    if _GIT.match(source):
        raise Unsupported(
            f"ADD {source}: git repositories are not supported",
            hint="clone it into the build context, or RUN git",
        )
    return _URL.match(source) is not None


def fetch(url: str, directory: Path, checksum: str) -> str:
    """Fetch `url` into `directory`; the name of the file made there.

    `checksum` is "" or "sha256:HEX", compared with what came. Raises Unavailable, InvalidArgument.
    """
    name = posixpath.basename(urllib.parse.urlsplit(url).path)
    if not name or name in (".", ".."):
        raise InvalidArgument(f"cannot determine filename from url: {url}", hint="add a file name to the URL")
    name = urllib.parse.unquote(name).replace("/", "_").replace("\0", "_")
    target = directory / name
    request = urllib.request.Request(url, headers={"User-Agent": "hythe"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, target.open("xb") as file:
            shutil.copyfileobj(answer, file, 1 << 20)
            modified = answer.headers.get("Last-Modified", "")
    except urllib.error.HTTPError as error:
        raise Unavailable(f"ADD {url}: the server answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise Unavailable(f"ADD {url}: {getattr(error, 'reason', error)}") from error
    target.chmod(0o600)
    seconds = _seconds(modified)
    os.utime(target, (seconds, seconds))
    if checksum:
        _check(target, checksum, url)
    return name


def _seconds(modified: str) -> int:
    try:
        return int(email.utils.parsedate_to_datetime(modified).timestamp())
    except (TypeError, ValueError):
        return 0


def _check(target: Path, checksum: str, url: str) -> None:
    algorithm, _, wanted = checksum.partition(":")
    if algorithm not in ("sha256", "sha384", "sha512"):
        raise InvalidArgument(f"unsupported checksum: {checksum!r}", hint="write sha256:HEX")
    with target.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != wanted.lower():
        raise InvalidArgument(
            f"ADD {url}: digest mismatch {algorithm}:{found}: {checksum}",
            hint="the file has changed at its origin",
        )
