"""Variables that name a namespace's services: REDIS_SERVICE_HOST, REDIS_SERVICE_PORT, REDIS_PORT_6379_TCP_ADDR, ...

With `enableServiceLinks: false` only those of `kubernetes` in the default namespace, which every pod has.
Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
"""

from __future__ import annotations

from collections.abc import Iterable

from hythe.kube.objects.types import Object


def service_variables(services: Iterable[Object], namespace: str, *, links: bool) -> dict[str, str]:
    """Of those that have an address of their own; `services` are of any namespace."""
    chosen: dict[str, Object] = {}
    for one in services:
        meta = one["metadata"]
        address = one["spec"].get("clusterIP")
        if not address or address == "None":
            continue
        if meta["namespace"] == namespace and links:
            chosen[meta["name"]] = one
        elif meta["namespace"] == "default" and meta["name"] == "kubernetes":
            chosen.setdefault(meta["name"], one)
    found: dict[str, str] = {}
    for name in sorted(chosen):
        found |= _variables(name, chosen[name])
    return found


def _shell(name: str) -> str:
    return name.upper().replace("-", "_")


def _variables(name: str, service: Object) -> dict[str, str]:
    address, ports = service["spec"]["clusterIP"], service["spec"].get("ports") or []
    prefix = _shell(name)
    if not ports:
        return {}
    found = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            found[f"{prefix}_SERVICE_PORT_{_shell(port['name'])}"] = str(port["port"])
    host = f"[{address}]" if ":" in address else address
    for index, port in enumerate(ports):
        protocol = str(port.get("protocol") or "TCP")
        url = f"{protocol.lower()}://{host}:{port['port']}"
        each = f"{prefix}_PORT_{port['port']}_{protocol}"
        if index == 0:
            found[f"{prefix}_PORT"] = url
        found |= {
            each: url, f"{each}_PROTO": protocol.lower(), f"{each}_PORT": str(port["port"]),
            f"{each}_ADDR": address,
        }  # fmt: skip
    return found
