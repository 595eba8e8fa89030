"""Pods and what a runtime would say of them, without either."""

from __future__ import annotations

from typing import Any

from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, SandboxRecord, State, observed
from hythe.kube.kubelet.pods.actions import Verdict
from hythe.kube.kubelet.pods.names import HASH, container_hash
from hythe.kube.objects.types import Object


def pod(*names: str, inits: list[Object] | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u1", "labels": {"app": "p"}},
        "spec": {
            "nodeName": "n",
            "restartPolicy": spec.pop("policy", "Always"),
            "containers": spec.pop("containers", None) or [one(name) for name in names or ("a",)],
            **({"initContainers": inits} if inits else {}),
            **spec,
        },
        "status": {},
    }


def one(name: str, **more: Any) -> Object:
    return {"name": name, "image": "i:1", **more}


def sidecar(name: str, **more: Any) -> Object:
    return one(name, restartPolicy="Always", **more)


def record(
    name: str, state: State = State.RUNNING, *, code: int = 0, attempt: int = 0, **more: Any
) -> ContainerRecord:
    ended = 5 * 10**9 if state is State.EXITED else 0
    fields: dict[str, Any] = {
        "id": f"{name}-{attempt}", "name": name, "attempt": attempt, "state": state,
        "created_at": (attempt + 1) * 10**9, "started_at": 2 * 10**9, "finished_at": ended, "exit_code": code,
        "reason": "", "message": "", "image": "i:1", "image_ref": "sha256:1", "labels": {},
        "annotations": {HASH: container_hash(one(name))}, "log_path": "",
    }  # fmt: skip
    return ContainerRecord(**(fields | more))


def sandbox(
    *, ready: bool = True, attempt: int = 0, ips: tuple[str, ...] = ("10.0.0.2",), **more: Any
) -> SandboxRecord:
    return SandboxRecord(f"s{attempt}", attempt, ready, attempt + 1, ips, {}, **more)


def seen(*containers: ContainerRecord, sandboxes: tuple[SandboxRecord, ...] | None = None) -> Observed:
    return observed("u1", "ns", "p", (sandbox(),) if sandboxes is None else sandboxes, containers)


class Probed:
    """Verdicts by "kind id"."""

    def __init__(self, **verdicts: Verdict) -> None:
        self.verdicts = verdicts

    def startup(self, container_id: str) -> Verdict | None:
        return self._of("startup", container_id)

    def liveness(self, container_id: str) -> Verdict | None:
        return self._of("liveness", container_id)

    def readiness(self, container_id: str) -> Verdict | None:
        return self._of("readiness", container_id)

    def _of(self, kind: str, container_id: str) -> Verdict | None:
        return self.verdicts.get(f"{kind}_{container_id.replace('-', '_')}")
