"""What a cluster has from its first moment: its namespaces, and the service by which pods find the API server.

Made at each start where it is missing, through the same steps as a client's objects. Addresses and ports that a crash
has left without a service are given back before that.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import Final

from hythe.kube.apiserver.admission.priority import SYSTEM
from hythe.kube.apiserver.admission.services import held
from hythe.kube.apiserver.allocation import Allocator
from hythe.kube.apiserver.call import Context
from hythe.kube.apiserver.definitions import Definition
from hythe.kube.apiserver.machine import Machine
from hythe.kube.apiserver.options import WriteOptions
from hythe.kube.apiserver.records import Kept
from hythe.kube.apiserver.writing import create_object
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kube.apiserver")

NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
_CLASS: Final = "Used for system critical pods that must not be moved from their current node."
_MANAGER: Final = "kube-apiserver"
_LABELS: Final = {"component": "apiserver", "provider": "kubernetes"}


async def bootstrap(machine: Machine, port: int) -> None:
    """`port`: where the TLS port listens. Raises ApiError or HytheError."""
    for name in NAMESPACES:
        await ensure(
            machine, machine.definitions.built_in("", "v1", "namespaces"), {"metadata": {"name": name}}
        )
    classes = machine.definitions.built_in("scheduling.k8s.io", "v1", "priorityclasses")
    for name, value in SYSTEM.items():
        await ensure(machine, classes, {"metadata": {"name": name}, "value": value, "description": _CLASS})
    services = machine.definitions.built_in("", "v1", "services")
    await ensure(machine, services, _service(machine))
    for definition, obj in _endpoints(machine, port):
        await replace(machine, definition, obj)


async def repair(machine: Machine, addresses: Allocator, ports: Allocator) -> None:
    """Let the ranges say what the services say."""
    by_address: dict[int, str] = {}
    by_port: dict[int, str] = {}
    async for service in machine.records.objects(machine.definitions.built_in("", "v1", "services")):
        owner = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
        has = held(service)
        by_address.update(dict.fromkeys(has.addresses, owner))
        by_port.update(dict.fromkeys(has.ports, owner))
    await addresses.repair(by_address)
    await ports.repair(by_port)


async def ensure(machine: Machine, definition: Definition, obj: Object) -> None:
    """Make an object if there is none of its name."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "")
    if await machine.records.find(definition, namespace, metadata["name"]) is not None:
        return
    obj = {"apiVersion": definition.api_version, "kind": definition.kind, **obj}
    obj = machine.kinds.typed(definition, obj)
    context = Context(machine=machine, definition=definition, namespace=namespace, agent=_MANAGER)
    try:
        await create_object(context, obj, WriteOptions(manager=_MANAGER))
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise


async def replace(machine: Machine, definition: Definition, obj: Object) -> None:
    """Make an object, or give the one that is there the fields of this one."""
    await ensure(machine, definition, obj)

    async def work(kept: Kept) -> Object | None:
        there = kept.object()
        fields = {key: value for key, value in obj.items() if key != "metadata"}
        return None if all(there.get(key) == value for key, value in fields.items()) else {**there, **fields}

    metadata = obj["metadata"]
    await machine.records.change(definition, metadata["namespace"], metadata["name"], work)


def _service(machine: Machine) -> Object:
    config = machine.config
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": config.port}
    spec = {
        "type": "ClusterIP",
        "clusterIP": str(config.service_cidr[1]),
        "sessionAffinity": "None",
        "ports": [port],
    }
    return {"metadata": {"name": "kubernetes", "namespace": "default", "labels": dict(_LABELS)}, "spec": spec}


def _endpoints(machine: Machine, port: int) -> list[tuple[Definition, Object]]:
    """Both forms of where the service leads. From a loopback address no pod gets anywhere: none are made then."""
    address = machine.config.advertise
    if ip_address(address).is_loopback:
        return []
    metadata = {"name": "kubernetes", "namespace": "default"}
    ports = [{"name": "https", "port": port, "protocol": "TCP"}]
    mirrored = {**metadata, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}
    sliced = {**metadata, "labels": {"kubernetes.io/service-name": "kubernetes"}}
    return [
        (
            machine.definitions.built_in("", "v1", "endpoints"),
            {"metadata": mirrored, "subsets": [{"addresses": [{"ip": address}], "ports": ports}]},
        ),
        (
            machine.definitions.built_in("discovery.k8s.io", "v1", "endpointslices"),
            {
                "metadata": sliced,
                "addressType": "IPv6" if ":" in address else "IPv4",
                "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
                "ports": ports,
            },
        ),
    ]
