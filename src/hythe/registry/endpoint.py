"""From a registry's name to where it is asked: URLs, mirrors, TLS.

docker.io is at registry-1.docker.io, and its mirrors are asked before it, without anybody's credentials. A registry
that may be insecure is asked by HTTPS first, whatever its certificate, and by plain HTTP if it does not speak that;
any other is asked by HTTPS alone, with a certificate of a known CA or of the one in its folder.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hythe.errors import InvalidArgument
from hythe.oci.reference import DEFAULT_REGISTRY
from hythe.registry.settings import Settings

_DOCKER_HUB: Final = "registry-1.docker.io"


@dataclass(frozen=True)
class Endpoint:
    """`url` is without a slash at the end. `insecure`: plain HTTP and tokens from it are allowed."""

    url: str
    insecure: bool
    tls: ssl.SSLContext | None
    mirror: bool = False

    @property
    def host(self) -> str:
        """With the port, as it stands in the URL."""
        return urlsplit(self.url).netloc


def candidates(registry: str, settings: Settings, *, mirrors: bool) -> list[Endpoint]:
    """In the order in which they are tried. `mirrors`: for reading, not for writing."""
    found: list[Endpoint] = []
    if registry == DEFAULT_REGISTRY:
        for url in settings.mirrors if mirrors else ():
            host = urlsplit(url).netloc
            context = secured(host, settings) if url.startswith("https:") else None
            found.append(Endpoint(url.rstrip("/"), settings.is_insecure(host), context, mirror=True))
        registry = _DOCKER_HUB
    insecure = settings.is_insecure(registry)
    found.append(Endpoint(f"https://{registry}", insecure, secured(registry, settings)))
    if insecure:
        found.append(Endpoint(f"http://{registry}", insecure, None))
    return found


def is_url(text: str) -> bool:
    """Whether it is one that can be asked: http or https, a host, and a port that exists if there is one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of what `is_url`: two URLs with the same are of one server (RFC 6454)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def secured(host: str, settings: Settings) -> ssl.SSLContext:
    """How TLS is spoken with a host ("host", "host:port"). Raises InvalidArgument for what is in its folder."""
    folder = settings.certificates / host
    authorities = sorted(folder.glob("*.crt")) if folder.is_dir() else []
    anybody = settings.is_insecure(host) and not authorities
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if anybody else ssl.create_default_context()
    try:
        for authority in authorities:
            context.load_verify_locations(authority)
        for certificate in sorted(folder.glob("*.cert")) if folder.is_dir() else []:
            context.load_cert_chain(certificate, _key(certificate))
    except (OSError, ssl.SSLError) as error:
        raise InvalidArgument(f"the certificates in {folder} cannot be used: {error}") from error
    if anybody:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _key(certificate: Path) -> Path:
    key = certificate.with_suffix(".key")
    if not key.exists():
        raise InvalidArgument(f"{certificate} has no key beside it", hint=f"put it at {key}")
    return key
