"""podFailurePolicy: what the way in which a pod failed means for its Job. Pure.

The first rule that matches decides: FailJob ends the Job, Ignore does not count the failure, FailIndex fails its
index, Count counts it, as does no rule at all.
"""

from __future__ import annotations

from typing import NamedTuple

from hythe.kube.objects.types import Object


class Verdict(NamedTuple):
    action: str
    message: str = ""


def judge(job: Object, pod: Object) -> Verdict:
    """Of a failed pod."""
    for index, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        why = _matches(rule, pod)
        if why:
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            message = f"{why.format(pod=name)} matching {rule['action']} rule at index {index}"
            return Verdict(rule["action"], message)
    return Verdict("Count")


def _matches(rule: Object, pod: Object) -> str:
    """What of the pod matches, "" for nothing; {pod} stands for its name."""
    status = pod.get("status") or {}
    if codes := rule.get("onExitCodes"):
        for each in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]:
            ended = (each.get("state") or {}).get("terminated")
            if (
                codes.get("containerName", each["name"]) != each["name"]
                or not ended
                or not ended.get("exitCode")
            ):
                continue
            if (ended["exitCode"] in codes["values"]) == (codes["operator"] == "In"):
                return f"Container {each['name']} for pod {{pod}} failed with exit code {ended['exitCode']}"
    for pattern in rule.get("onPodConditions") or ():
        for each in status.get("conditions") or ():
            if each["type"] == pattern["type"] and each["status"] == pattern.get("status", "True"):
                return f"Pod {{pod}} has condition {each['type']}"
    return ""
