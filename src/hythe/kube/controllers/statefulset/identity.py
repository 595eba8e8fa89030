"""What makes a StatefulSet's pod itself: its name, number, host name, labels and claims. Pure."""

from __future__ import annotations

from typing import Final

from hythe.kube.client.cache import copied
from hythe.kube.client.resources import STATEFUL_SETS
from hythe.kube.controllers.history import HASH, template_of
from hythe.kube.controllers.owners import reference
from hythe.kube.objects.types import Object

POD_NAME: Final = "statefulset.kubernetes.io/pod-name"
INDEX: Final = "apps.kubernetes.io/pod-index"


def start(owner: Object) -> int:
    """The first ordinal."""
    return int((owner["spec"].get("ordinals") or {}).get("start", 0))


def ordinal(owner: Object, pod: Object) -> int | None:
    """None: it is no pod of this set by its name."""
    prefix, dash, number = str(pod["metadata"]["name"]).rpartition("-")
    return int(number) if dash and prefix == owner["metadata"]["name"] and number.isdigit() else None


def revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(HASH, ""))


def pod_for(owner: Object, number: int, revision: Object) -> Object:
    """The pod with this ordinal, of a revision's template."""
    template = template_of(revision)
    meta = template.get("metadata") or {}
    name = f"{owner['metadata']['name']}-{number}"
    labels = {
        **(meta.get("labels") or {}),
        HASH: revision["metadata"]["name"], POD_NAME: name, INDEX: str(number),
    }  # fmt: skip
    spec = copied(template["spec"])
    spec |= {"hostname": name, "subdomain": owner["spec"].get("serviceName", "")}
    claims = {each["metadata"]["name"]: claim_name(each, name) for each in claim_templates(owner)}
    volumes = [each for each in spec.get("volumes") or () if each["name"] not in claims]
    volumes += [
        {"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in claims.items()
    ]
    if volumes:
        spec["volumes"] = volumes
    made: Object = {
        "name": name, "namespace": owner["metadata"]["namespace"], "labels": labels,
        "ownerReferences": [reference(owner, STATEFUL_SETS)],
    }  # fmt: skip
    for field in ("annotations", "finalizers"):
        if meta.get(field):
            made[field] = copied(meta[field])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": spec}


def claims_for(owner: Object, number: int) -> list[Object]:
    """The PersistentVolumeClaims of the pod with this ordinal."""
    name = f"{owner['metadata']['name']}-{number}"
    selected = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    made = []
    for template in claim_templates(owner):
        body = copied(template)
        body.pop("status", None)
        body |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        meta = body["metadata"]
        meta |= {"name": claim_name(template, name), "namespace": owner["metadata"]["namespace"]}
        meta["labels"] = {**(meta.get("labels") or {}), **selected}
        made.append(body)
    return made


def claim_templates(owner: Object) -> list[Object]:
    return list(owner["spec"].get("volumeClaimTemplates") or ())


def claim_name(template: Object, pod: str) -> str:
    return f"{template['metadata']['name']}-{pod}"
