"""What the configuration says about registries, checked.

    insecure-registries = ["registry.lan:5000", "10.0.0.0/8"]     # plain HTTP, or any certificate
    registry-mirrors = ["https://mirror.lan"]                     # asked first for what docker.io has
    registry-certs = "/etc/hythe/certs.d"                         # HOST:PORT/*.crt, *.cert and *.key
    token-hosts = ["login.lan"]                                   # token servers of another site than their registry

Flags add to the file's lists: `--insecure-registry`, `--registry-mirror`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hythe.errors import InvalidArgument
from hythe.registry.settings import Settings

DEFAULT_CERTIFICATES: Final = Path("/etc/hythe/certs.d")


def settings(
    insecure: Sequence[str], mirrors: Sequence[str], certificates: Path, token_hosts: Sequence[str]
) -> Settings:
    """Raises InvalidArgument for what is no registry, network or URL."""
    for text in insecure:
        _check_registry(text)
    for url in mirrors:
        _check_mirror(url)
    for host in token_hosts:
        if not host or any(character in host for character in "/:@ "):
            raise InvalidArgument(
                f"invalid token host {host!r}", hint="write a host's name alone: login.example.com"
            )
    return Settings(tuple(insecure), tuple(mirrors), certificates, tuple(token_hosts))


def _check_registry(text: str) -> None:
    if "/" in text and "://" not in text:
        try:
            ipaddress.ip_network(text, strict=False)
            return
        except ValueError as error:
            raise InvalidArgument(f"invalid insecure registry {text!r}: {error}") from error
    if not text or "://" in text or "@" in text or " " in text:
        raise InvalidArgument(
            f"invalid insecure registry {text!r}",
            hint="write HOST, HOST:PORT or a network such as 10.0.0.0/8",
        )


def _check_mirror(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidArgument(
            f"invalid mirror {url!r}", hint="write a URL such as https://mirror.example.com"
        )
    if parts.username is not None:
        raise InvalidArgument(
            "invalid mirror: a URL with a password in it", hint="leave name and password out"
        )
