"""What all workers of a node share: put together once, by `kubelet.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hythe.kube.client.client import Client
from hythe.kube.client.recorder import Recorder
from hythe.kube.kubelet.backoff import Delays
from hythe.kube.kubelet.config import Settings
from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.images.puller import Puller
from hythe.kube.kubelet.pods.dns import Resolver
from hythe.kube.kubelet.pods.groups import PodGroups
from hythe.kube.kubelet.probes.manager import Probes
from hythe.kube.kubelet.status.publisher import Publisher
from hythe.kube.kubelet.volumes.manager import Volumes
from hythe.kube.kubelet.volumes.sources import References
from hythe.kube.objects.types import Object


@dataclass
class Machine:
    """What is known of this node. `memory` in bytes; `allocatable` are quantities; `labels` are the Node's."""

    ips: tuple[str, ...]
    memory: int
    allocatable: dict[str, str]
    resolver: Resolver
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Shared:
    """`services` gives the cluster's Service objects as they are now."""

    settings: Settings
    client: Client
    runtime: Runtime
    runtime_name: str
    recorder: Recorder
    publisher: Publisher
    puller: Puller
    probes: Probes
    volumes: Volumes
    references: References
    groups: PodGroups
    machine: Machine
    services: Callable[[], list[Object]]
    restarts: Delays
    now: Callable[[], int] = field(default=time.time_ns)
