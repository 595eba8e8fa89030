"""A pod's status as its worker knows it: made anew on every turn out of what there is, and handed to the publisher."""

from __future__ import annotations

from collections.abc import Mapping

from hythe.kube.kubelet.cri.observed import Observed, State
from hythe.kube.kubelet.lifecycle.finish import Finish
from hythe.kube.kubelet.lifecycle.messages import last_words
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.resources import qos_class
from hythe.kube.kubelet.status.containers import Facts, Waiting
from hythe.kube.kubelet.status.pod import Circumstances, Failure, pod_status
from hythe.kube.kubelet.status.times import stamp
from hythe.kube.objects.types import Object


class Report:
    """`status` is the last one made; at first the one that the pod came with."""

    def __init__(self, shared: Shared, uid: str, status: Object) -> None:
        self.status = status
        self._shared = shared
        self._uid = uid
        self._messages: dict[str, str] = {}

    @property
    def is_final(self) -> bool:
        """Whether the pod has run its course."""
        return self.status.get("phase") in ("Succeeded", "Failed")

    def read_messages(self, seen: Observed) -> None:
        """The last words of containers that have ended."""
        folder = self._shared.volumes.folder(self._uid)
        for record in seen.containers:
            if record.state is State.EXITED and record.id not in self._messages:
                self._messages[record.id] = last_words(record, folder)
        for gone in self._messages.keys() - {record.id for record in seen.containers}:
            del self._messages[gone]

    def make(
        self,
        pod: Object,
        seen: Observed,
        waiting: Mapping[str, Waiting],
        finish: Finish,
        failure: Failure | None,
    ) -> None:
        """`waiting`: why containers could not be started; `failure`: why the kubelet itself ends the pod."""
        shared = self._shared
        facts = Facts(pod, seen, self.status, waiting, self._messages, shared.probes, shared.runtime_name)
        around = Circumstances(
            stamp(shared.now()),
            shared.machine.ips,
            qos_class(pod),
            ended=finish.begun or parts.deleted(pod),
            finished=finish.ended and not seen.running,
            failure=failure,
        )
        self.status = pod_status(facts, around)
