"""Capacity, and what of it pods may ask for (allocatable), as quantities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.node import machine
from hythe.kube.kubelet.pods.quantities import amount


def capacity(settings: Settings) -> dict[str, str]:
    """cpu, memory, ephemeral-storage, pods, huge pages; what is configured wins over what was measured."""
    settings.root.mkdir(parents=True, exist_ok=True)
    measured = {
        "cpu": str(machine.cpus()),
        "memory": f"{machine.memory().get('MemTotal', 0) // 1024}Ki",
        "ephemeral-storage": f"{machine.disk(settings.root)[0] // 1024}Ki",
        "pods": str(settings.max_pods),
    }
    for folder in Path("/sys/kernel/mm/hugepages").glob("hugepages-*kB"):
        size = int(folder.name.removeprefix("hugepages-").removesuffix("kB"))
        unit = f"{size // 1048576}Gi" if size % 1048576 == 0 else f"{size // 1024}Mi"
        measured[f"hugepages-{unit}"] = str(int((folder / "nr_hugepages").read_text()) * size * 1024)
    return measured | dict(settings.capacity)


def allocatable(whole: Mapping[str, str], reserved: Mapping[str, str]) -> dict[str, str]:
    """`whole` less `reserved`."""
    found: dict[str, str] = {}
    for resource, quantity in whole.items():
        if resource not in reserved:
            found[resource] = quantity
            continue
        left = max(amount(quantity) - amount(reserved[resource]), amount("0"))
        found[resource] = f"{int(left * 1000)}m" if resource == "cpu" else str(int(left))
    return found
