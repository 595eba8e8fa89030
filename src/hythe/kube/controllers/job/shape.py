"""What a Job asks for, and what its pods say. Pure."""

from __future__ import annotations

from typing import Final

from hythe.kube.client.cache import copied
from hythe.kube.client.resources import JOBS
from hythe.kube.controllers.owners import reference
from hythe.kube.controllers.pods import phase
from hythe.kube.objects.types import Object

TRACKING: Final = "batch.kubernetes.io/job-tracking"
"""A finalizer: a finished pod stays until it is counted."""
INDEX: Final = "batch.kubernetes.io/job-completion-index"
FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"
_VARIABLE: Final = "JOB_COMPLETION_INDEX"


def is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def parallelism(job: Object) -> int:
    return int(job["spec"].get("parallelism", 1))


def completions(job: Object) -> int | None:
    """None: one success is enough, and then all must end."""
    found = job["spec"].get("completions")
    return None if found is None else int(found)


def index_of(pod: Object) -> int | None:
    text = str((pod["metadata"].get("annotations") or {}).get(INDEX, ""))
    return int(text) if text.isdigit() else None


def condition_of(job: Object, kind: str) -> Object | None:
    for each in (job.get("status") or {}).get("conditions") or ():
        if each["type"] == kind and each["status"] == "True":
            found: Object = each
            return found
    return None


def is_finished(job: Object) -> bool:
    return condition_of(job, "Complete") is not None or condition_of(job, "Failed") is not None


def has_ended(pod: Object) -> bool:
    """Succeeded or failed; a terminating pod that is no longer tracked by a kubelet fails when it is gone."""
    return phase(pod) in ("Succeeded", "Failed")


def is_uncounted(pod: Object) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def limit_per_index(job: Object) -> int | None:
    """backoffLimitPerIndex."""
    found = job["spec"].get("backoffLimitPerIndex")
    return None if found is None else int(found)


def failures_of(pod: Object) -> int:
    """How often its index had failed when the pod was made."""
    text = str((pod["metadata"].get("annotations") or {}).get(FAILURES, ""))
    return int(text) if text.isdigit() else 0


def pod_for(job: Object, index: int | None, failures: int = 0) -> Object:
    """A pod of the Job's template, for a completion index if it is Indexed; `failures` are those of the index."""
    template = job["spec"]["template"]
    meta = copied(template.get("metadata") or {})
    name = job["metadata"]["name"]
    body: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": copied(template["spec"])}
    labels = dict(meta.get("labels") or {})
    notes = dict(meta.get("annotations") or {})
    generated = f"{name[:57]}-"
    if index is not None:
        labels[INDEX] = notes[INDEX] = str(index)
        if limit_per_index(job) is not None:
            notes[FAILURES] = str(failures)
        generated = f"{name[:50]}-{index}-"
        body["spec"]["hostname"] = f"{name[:55]}-{index}"
        _with_variable(body["spec"])
    body["metadata"] = {
        "generateName": generated, "namespace": job["metadata"]["namespace"], "labels": labels,
        "finalizers": [*(meta.get("finalizers") or ()), TRACKING], "ownerReferences": [reference(job, JOBS)],
    }  # fmt: skip
    if notes:
        body["metadata"]["annotations"] = notes
    return body


def _with_variable(spec: Object) -> None:
    variable = {
        "name": _VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}},
    }  # fmt: skip
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        if not any(each.get("name") == _VARIABLE for each in container.get("env") or ()):
            container["env"] = [*(container.get("env") or ()), copied(variable)]
