"""Making a cluster's settings, or finding those of one that was made before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hythe.errors import NotFound
from hythe.kube.cluster import addressing
from hythe.kube.cluster.settings import Settings, changed, load, network, save

_SMALLEST = 24


def settings_of(data: Path, wanted: dict[str, Any]) -> Settings:
    """Those of the cluster in `data`, made now if there is none, with what the flags say; None is not said."""
    for key in ("service_cidr", "cluster_cidr"):
        if wanted.get(key):
            wanted[key] = network("--" + key.replace("_", "-"), wanted[key], least=_SMALLEST)
    try:
        settings = changed(load(data), wanted)
    except NotFound:
        settings = _new(wanted)
    save(data, settings)
    return settings


def _new(wanted: dict[str, Any]) -> Settings:
    bind = wanted.get("bind") or "0.0.0.0"
    return Settings(
        id=addressing.new_id(),
        token=wanted.get("token") or addressing.new_token(),
        service_cidr=wanted.get("service_cidr") or addressing.free_range(addressing.SERVICES),
        cluster_cidr=wanted.get("cluster_cidr") or addressing.free_range(addressing.PODS),
        node_ip=wanted.get("node_ip") or addressing.node_address(),
        node_name=wanted.get("node_name") or addressing.node_name(),
        bind=bind,
        port=wanted.get("port") or addressing.free_port(bind),
        cri=wanted.get("cri") or "",
        datastore=wanted.get("datastore") or "",
    )
