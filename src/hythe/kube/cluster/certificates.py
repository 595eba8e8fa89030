"""The cluster's certificates, made by whichever of server, agent and command comes first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from hythe.kube.apiserver.config import Config
from hythe.kube.cluster.places import Places
from hythe.kube.cluster.settings import Settings

if TYPE_CHECKING:
    from hythe.kube.apiserver.auth.pki import Pki


def server_config(settings: Settings, places: Places) -> Config:
    """What the API server is told."""
    return Config(
        data_dir=places.server,
        address=settings.bind,
        advertise=settings.node_ip,
        port=settings.port,
        service_cidr=IPv4Network(settings.service_cidr),
        cluster_domain=settings.domain,
        names=(settings.node_ip,),
    )


def cluster_pki(settings: Settings, places: Places) -> Pki:
    """Made where they are missing, and the administrator's kubeconfig with them. Blocks for some milliseconds."""
    from hythe.kube.apiserver.server import certificates

    with _alone(places.server):
        return certificates(server_config(settings, places))


def admin_kubeconfig(settings: Settings, places: Places, server: str = "") -> bytes:
    """For kubectl on this machine, or with a `server` URL for another."""
    from hythe.kube.apiserver.auth.kubeconfig import kubeconfig

    pki = cluster_pki(settings, places)
    url = server or f"https://127.0.0.1:{settings.port}"
    return kubeconfig(url, pki.ca_file.read_bytes(), pki.pair("admin"))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time makes certificates."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "pki.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
