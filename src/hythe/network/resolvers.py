"""The host's own name servers, from resolv.conf(5)."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")


def servers(text: str) -> list[str]:
    """The addresses in `nameserver` lines, in order; malformed ones are left out as the C library does."""
    found: list[str] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 2 or fields[0] != "nameserver":
            continue
        try:
            ip_address(fields[1].partition("%")[0])
        except ValueError:
            continue
        found.append(fields[1])
    return found


def host_servers(path: Path = RESOLV_CONF) -> list[str]:
    """Servers that this host uses; [] when it has no resolv.conf."""
    try:
        return servers(path.read_text())
    except OSError:
        return []


def only_loopback(path: Path = RESOLV_CONF) -> bool:
    """Whether a container could reach none of the host's servers, because they listen on its loopback."""
    found = host_servers(path)
    return bool(found) and all(ip_address(server.partition("%")[0]).is_loopback for server in found)
