"""`hythe kube status`: what runs, and where to look."""

from __future__ import annotations

import asyncio
from typing import Final

from hythe.errors import HytheError
from hythe.kube.cluster.places import Places
from hythe.kube.cluster.settings import Settings
from hythe.kube.cluster.up import running
from hythe.kube.objects.types import Object

_PATIENCE: Final = 5.0


def status(settings: Settings, places: Places) -> dict[str, str]:
    """By name. `state` is ready, starting (or failing), or stopped."""
    pid = running(places)
    nodes = asyncio.run(_nodes(places)) if pid else {}
    ready = bool(nodes) and all(state == "Ready" for state in nodes.values())
    return {
        "state": "ready" if ready else "starting" if pid else "stopped",
        "server": settings.url,
        "nodes": ", ".join(f"{name} ({state})" for name, state in nodes.items()) or "none",
        "data": str(places.data),
        "kubeconfig": str(places.kubeconfig),
        "engine": settings.cri or places.engine_host,
        "services": settings.service_cidr,
        "pods": settings.cluster_cidr,
        "logs": str(places.logs),
        "pid": str(pid or "none"),
    }


async def _nodes(places: Places) -> dict[str, str]:
    from hythe.kube.apiserver.config import SOCKET
    from hythe.kube.client.client import Client
    from hythe.kube.client.resources import NODES

    async with Client.on_socket(places.server / SOCKET) as client:
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await client.list(NODES)
        except (HytheError, TimeoutError, OSError):
            return {}
    return {node["metadata"]["name"]: _state(node) for node in found.items}


def _state(node: Object) -> str:
    return "Ready" if is_ready(node) else "NotReady"


def is_ready(node: Object) -> bool:
    """Does a node say that pods can run on it?"""
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
