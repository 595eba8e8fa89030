"""What a kubelet is told at its start: who it is, where it keeps things, and how patient it is.

All durations are seconds. Defaults are those of Kubernetes; tests shorten them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Backoff:
    """Delays that double from `initial` up to `maximum`; forgotten after twice the maximum without a failure."""

    initial: float = 10.0
    maximum: float = 300.0


@dataclass(frozen=True)
class Timings:
    """How long things may take, and how often the others happen."""

    restart: Backoff = field(default_factory=Backoff)
    image: Backoff = field(default_factory=Backoff)
    relist: float = 1.0
    lease: float = 10.0
    node_status: float = 10.0
    node_status_report: float = 300.0
    request: float = 120.0
    volume_retry: Backoff = field(default_factory=lambda: Backoff(0.5, 122.0))
    volume_complaint: float = 123.0
    collect: float = 10.0


@dataclass(frozen=True)
class Settings:
    """`cri`: "unix:///path". `root` keeps pods' volumes; `pod_logs` has the containers' logs, below a folder a pod.

    `cgroup_root`: the cgroup below which pods' groups are made, from the top of each tree; "" leaves the parent to the
    runtime. `address`, `port` (0: any): where the HTTPS API listens. `certificates`: the cluster's authority, the
    kubelet's certificate and its key; None for plain HTTP, in tests. `reserved`: quantities that allocatable lacks,
    `capacity`: quantities that replace what was measured.
    """

    node_name: str
    cri: str
    root: Path
    pod_logs: Path
    address: str = "127.0.0.1"
    port: int = 10250
    certificates: tuple[Path, Path, Path] | None = None
    cluster_dns: Sequence[str] = ()
    cluster_domain: str = "cluster.local"
    resolv_conf: Path = Path("/etc/resolv.conf")
    cgroup_root: str = "/kubepods"
    max_pods: int = 110
    pod_cidr: str = ""
    node_ips: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    capacity: Mapping[str, str] = field(default_factory=dict)
    reserved: Mapping[str, str] = field(default_factory=dict)
    images_kept: int = 50
    dead_containers: int = 1
    version: str = "v1.32.0+hythe"
    timings: Timings = field(default_factory=Timings)

    @property
    def pods(self) -> Path:
        """Where each pod has a folder, named by its uid."""
        return self.root / "pods"
