"""Config maps, secrets, claims, volumes.

Source: Kubernetes 1.32, pkg/apis/core/validation, pkg/apis/storage/validation.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Final

from hythe.kube.objects import quantity
from hythe.kube.objects.problems import strings
from hythe.kube.objects.schema.validation import formats
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object

MAX_DATA: Final = 1024 * 1024
_NEEDED: Final = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def config_map(obj: Object, path: str, report: Report) -> None:
    texts, binary, size = obj.get("data") or {}, obj.get("binaryData") or {}, 0
    for key, value in sorted(texts.items()):
        report.problems(f"data[{key}]", key, formats.config_key(key))
        if key in binary:
            report.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
        size += len(value.encode())
    for key, value in sorted(binary.items()):
        report.problems(f"binaryData[{key}]", key, formats.config_key(key))
        size += len(value) * 3 // 4
    if size > MAX_DATA:
        report.too_long("[]", MAX_DATA)  # as Kubernetes names the whole object


def secret(obj: Object, path: str, report: Report) -> None:
    data, kind, size = obj.get("data") or {}, obj.get("type", ""), 0
    for key, value in sorted(data.items()):
        report.problems(f"data[{key}]", key, formats.config_key(key))
        size += len(value) * 3 // 4
    if size > MAX_DATA:
        report.too_long("data", MAX_DATA)
    _by_type(obj, kind, data, report)


def _by_type(obj: Object, kind: str, data: Object, report: Report) -> None:
    for key in _NEEDED.get(kind, ()):
        if key not in data:
            report.required(f"data[{key}]")
        elif key.startswith(".docker") and not _is_json(data[key]):
            report.invalid(f"data[{key}]", "<secret contents redacted>", "invalid character in JSON")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        report.required("data[username]")
        report.required("data[password]")
    if kind == "kubernetes.io/service-account-token" and not obj["metadata"].get("annotations", {}).get(
        "kubernetes.io/service-account.name"
    ):
        report.required("metadata.annotations[kubernetes.io/service-account.name]")


def _is_json(text: str) -> bool:
    try:
        json.loads(base64.b64decode(text))
    except (ValueError, binascii.Error):
        return False
    return True


def claim_spec(obj: Object, path: str, report: Report) -> None:
    modes = obj.get("accessModes", [])
    _single_pod(modes, f"{path}.accessModes", report)
    asked = ((obj.get("resources") or {}).get("requests") or {}).get("storage")
    if asked is None:
        report.required(f"{path}.resources[storage]")
    elif quantity.parse(asked) <= quantity.ZERO:
        report.invalid(f"{path}.resources[storage]", asked, "must be greater than zero")
    limit = ((obj.get("resources") or {}).get("limits") or {}).get("storage")
    if asked is not None and limit is not None and quantity.parse(asked) > quantity.parse(limit):
        report.invalid(
            f"{path}.resources.requests", asked, f"must be less than or equal to storage limit of {limit}"
        )


def _single_pod(modes: list[str], path: str, report: Report) -> None:
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        report.forbidden(path, "may not use ReadWriteOncePod with other access modes")


_PLAIN_FIELDS: Final = {
    "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions",
    "volumeMode", "nodeAffinity", "volumeAttributesClassName",
}  # fmt: skip


def sources(spec: Object) -> dict[str, Object]:
    """What kind of volume a PersistentVolume is: its source by its key."""
    return {key: value for key, value in spec.items() if key not in _PLAIN_FIELDS}


def volume_spec(obj: Object, path: str, report: Report) -> None:
    _single_pod(obj.get("accessModes", []), f"{path}.accessModes", report)
    capacity = obj.get("capacity") or {}
    if capacity and set(capacity) != {"storage"}:
        report.not_supported(f"{path}.capacity", strings(sorted(capacity)), ["storage"])
    for name, amount in capacity.items():
        if quantity.parse(amount) <= quantity.ZERO:
            report.invalid(f"{path}.capacity[{name}]", amount, "must be greater than zero")
    kinds = list(sources(obj))
    if not kinds:
        report.required(path, "must specify a volume type")
    for kind in kinds[1:]:
        report.forbidden(f"{path}.{kind}", "may not specify more than 1 volume type")
    if obj.get("local") is not None and obj.get("nodeAffinity") is None:
        report.required("metadata.annotations", "Local volume requires node affinity")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.ConfigMap": config_map,
    "core.v1.Secret": secret,
    "core.v1.PersistentVolumeClaimSpec": claim_spec,
    "core.v1.PersistentVolumeSpec": volume_spec,
}
