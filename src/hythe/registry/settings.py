"""What the daemon's configuration says about registries, and how patient to be with them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOCAL: Final = "localhost"


@dataclass(frozen=True)
class Patience:
    """Seconds, but for the counts. Whoever sends less than `floor` bytes in each `silence` seconds counts as broken.

    `attempts` of a transfer may fail one after the other; an attempt that brought a megabyte begins a new count.
    """

    connect: float = 15
    silence: float = 60
    document: float = 60
    floor: int = 1024
    attempts: int = 5
    pause: float = 1


@dataclass(frozen=True)
class Settings:
    """`insecure`: registries ("host", "host:port") or networks ("10.0.0.0/8") that are spoken to without verified TLS.

    `mirrors` are URLs that are asked first for what docker.io has. `certificates` has a folder for each registry with
    its CA (*.crt) and our certificate for it (NAME.cert and NAME.key). `token_hosts` may be sent credentials for a
    registry of another site.
    """

    insecure: Sequence[str] = ()
    mirrors: Sequence[str] = ()
    certificates: Path = Path("/etc/hythe/certs.d")
    token_hosts: Sequence[str] = ()
    patience: Patience = Patience()

    def is_insecure(self, registry: str) -> bool:
        """Whether plain HTTP, or a certificate that nobody vouches for, is good enough: always on loopback."""
        host = host_of(registry)
        if host == _LOCAL or registry in self.insecure or host in self.insecure:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or any(address in network for network in _networks(self.insecure))


def host_of(registry: str) -> str:
    """Without the port, and without the brackets of an IPv6 address."""
    if registry.startswith("["):
        return registry[1:].partition("]")[0]
    return registry.partition(":")[0]


def _networks(texts: Sequence[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = []
    for text in texts:
        if "/" in text:
            found.append(ipaddress.ip_network(text, strict=False))
    return found
