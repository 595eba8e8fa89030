"""Names of images, as people write them and in full.

    nginx                    docker.io/library/nginx:latest
    user/app:1.2             docker.io/user/app:1.2
    localhost:5000/app       localhost:5000/app:latest
    app@sha256:...           docker.io/library/app@sha256:...

The grammar is that of the distribution project (github.com/distribution/reference): the part before the first
"/" is a registry if it has a "." or a ":" in it or is "localhost". Kept out: which registries are asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from hythe.errors import InvalidArgument
from hythe.oci.digest import is_digest

DEFAULT_REGISTRY: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
_LIBRARY: Final = "library/"
_ALIASES: Final = ("index.docker.io", "registry-1.docker.io")

_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_NAME_LIMIT: Final = 255


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in full. `repository` has its "library/"; `tag` and `digest` may both be absent, or both there."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar_name(self) -> str:
        """Without tag, digest and whatever docker.io lets one leave out."""
        if self.registry != DEFAULT_REGISTRY:
            return self.name
        short = self.repository.removeprefix(_LIBRARY)
        return short if "/" not in short else self.repository

    @property
    def familiar(self) -> str:
        """As docker shows it: "nginx:1.25"."""
        return self.familiar_name + self._suffix()

    def with_tag(self) -> Reference:
        """With ":latest" if there is neither a tag nor a digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return tag + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._suffix()


def parse(text: str) -> Reference:
    """Read a name in any form; a missing tag stays missing (`with_tag`). Raises InvalidArgument."""
    if re.fullmatch(r"[0-9a-f]{64}", text):
        raise _invalid(text, "cannot be 64 hexadecimal characters, which is an id")
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _invalid(text, "what follows @ must be sha256: and 64 hexadecimal characters")
    rest, tag = _split_tag(rest)
    if tag is not None and not _TAG.fullmatch(tag):
        raise _invalid(
            text, "a tag has up to 128 letters, digits, _, . and -, and begins with none of . and -"
        )
    registry, repository = _split_registry(rest)
    if not _REGISTRY.fullmatch(registry):
        raise _invalid(text, f"{registry!r} cannot be a registry's name")
    if not _REPOSITORY.fullmatch(repository):
        if _REPOSITORY.fullmatch(repository.lower()):
            raise _invalid(text, "repository name must be lowercase")
        raise _invalid(text, "a name has lower case letters and digits, with ., _, - and / between them")
    if len(registry) + len(repository) + 1 > _NAME_LIMIT:
        raise _invalid(text[:60] + "...", f"a name cannot have more than {_NAME_LIMIT} characters")
    return Reference(registry, repository, tag, digest or None)


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def familiar(text: str) -> str:
    """Any form of a name as docker shows it, ":latest" added where nothing else is said."""
    return parse(text).with_tag().familiar


def _split_tag(text: str) -> tuple[str, str | None]:
    """A ":" after the last "/" begins a tag; one before it is a registry's port."""
    colon = text.rfind(":")
    return (text, None) if colon <= text.rfind("/") else (text[:colon], text[colon + 1 :])


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    named = slash and (any(c in first for c in ".:") or first == "localhost" or first.lower() != first)
    if not named:
        first, rest = DEFAULT_REGISTRY, text
    if first in _ALIASES:
        first = DEFAULT_REGISTRY
    if first == DEFAULT_REGISTRY and "/" not in rest:
        rest = _LIBRARY + rest
    return first, rest


def _invalid(text: str, why: str) -> InvalidArgument:
    return InvalidArgument(f"invalid reference format: {text!r}: {why}", hint="write it as nginx:1.25")
