"""What pods and their containers are called in the engine, so that `docker ps` shows them as it did under dockershim.

    k8s_POD_web-1_shop_8f14e45f_0        a pod: its name, namespace, uid and attempt
    k8s_nginx_web-1_shop_8f14e45f_2      a container of it

The names are unique as the interface wants it: the same pod or container with the same attempt cannot be made twice.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from cri_api.v1 import api_pb2 as cri

from hythe.engine.names import LONGEST

_ODD: Final = re.compile(r"[^a-zA-Z0-9_.-]")
_DIGEST: Final = 12


def pod_name(pod: cri.PodSandboxMetadata) -> str:
    return _joined("POD", pod.name, pod.namespace, pod.uid, str(pod.attempt))


def container_name(container: cri.ContainerMetadata, pod: cri.PodSandboxMetadata) -> str:
    return _joined(container.name, pod.name, pod.namespace, pod.uid, str(container.attempt))


def _joined(*parts: str) -> str:
    """What is too long, or has characters that names may not have, keeps what it can and gets a digest."""
    whole = "_".join(("k8s", *parts))
    name = _ODD.sub("-", whole)
    if name == whole and len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return f"{name[: LONGEST - _DIGEST - 1]}_{digest}"
