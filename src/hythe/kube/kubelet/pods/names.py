"""The names by which a kubelet finds its own again: labels and annotations of CRI objects, folders, hashes.

They are those of the real kubelet, so that tools that look for them (crictl, monitoring) work, and so that either
kubelet can take over the other's pods. Source: pkg/kubelet/types/labels.go, kuberuntime/labels.go of Kubernetes.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Final

from hythe.kube.objects.types import Object

POD_NAME: Final = "io.kubernetes.pod.name"
POD_NAMESPACE: Final = "io.kubernetes.pod.namespace"
POD_UID: Final = "io.kubernetes.pod.uid"
CONTAINER_NAME: Final = "io.kubernetes.container.name"
HASH: Final = "io.kubernetes.container.hash"
RESTART_COUNT: Final = "io.kubernetes.container.restartCount"
TERMINATION_PATH: Final = "io.kubernetes.container.terminationMessagePath"
TERMINATION_POLICY: Final = "io.kubernetes.container.terminationMessagePolicy"
PRE_STOP: Final = "io.kubernetes.container.preStopHandler"
PORTS: Final = "io.kubernetes.container.ports"
POD_GRACE: Final = "io.kubernetes.pod.terminationGracePeriod"
DELETION_GRACE: Final = "io.kubernetes.pod.deletionGracePeriod"
CONFIG_SEEN: Final = "kubernetes.io/config.seen"
CONFIG_SOURCE: Final = "kubernetes.io/config.source"


def uid(pod: Object) -> str:
    return str(pod["metadata"]["uid"])


def namespace(pod: Object) -> str:
    return str(pod["metadata"].get("namespace") or "default")


def name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def described(pod: Object) -> str:
    """name_namespace(uid), as Kubernetes writes it in messages."""
    return f"{name(pod)}_{namespace(pod)}({uid(pod)})"


def pod_labels(pod: Object) -> dict[str, str]:
    """Those by which a sandbox is found."""
    return {POD_NAME: name(pod), POD_NAMESPACE: namespace(pod), POD_UID: uid(pod)}


def container_labels(pod: Object, container: Object) -> dict[str, str]:
    return {**pod_labels(pod), CONTAINER_NAME: str(container["name"])}


def container_annotations(pod: Object, container: Object, attempt: int) -> dict[str, str]:
    """What must be known of a container when its pod's object is gone: how to stop it, where its last words are."""
    found = {
        HASH: container_hash(container),
        RESTART_COUNT: str(attempt),
        TERMINATION_PATH: str(container.get("terminationMessagePath") or "/dev/termination-log"),
        TERMINATION_POLICY: str(container.get("terminationMessagePolicy") or "File"),
    }
    grace = pod["spec"].get("terminationGracePeriodSeconds")
    if grace is not None:
        found[POD_GRACE] = str(grace)
    if pod["metadata"].get("deletionGracePeriodSeconds") is not None:
        found[DELETION_GRACE] = str(pod["metadata"]["deletionGracePeriodSeconds"])
    if stop := (container.get("lifecycle") or {}).get("preStop"):
        found[PRE_STOP] = json.dumps({"lifecycle": {"preStop": stop}, "ports": container.get("ports") or []})
    if ports := container.get("ports"):
        found[PORTS] = json.dumps(ports)
    return found


def container_hash(container: Object) -> str:
    """Changes with what makes a container another one: its name and image (the only one that may change)."""
    text = json.dumps({"name": container["name"], "image": container.get("image", "")}, sort_keys=True)
    return f"{zlib.crc32(text.encode()):x}"


def log_directory(logs: Path, pod: Object) -> Path:
    return logs / f"{namespace(pod)}_{name(pod)}_{uid(pod)}"


def log_path(container: str, attempt: int) -> str:
    """Below the pod's log directory."""
    return f"{container}/{attempt}.log"
