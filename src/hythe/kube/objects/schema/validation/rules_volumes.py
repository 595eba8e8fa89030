"""Volumes of pods: exactly one kind each, and what a kind asks for.

Source: Kubernetes 1.32, pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hythe.kube.objects import quantity
from hythe.kube.objects.schema.validation.report import Report
from hythe.kube.objects.types import Object


def volume(obj: Object, path: str, report: Report) -> None:
    kinds = [key for key in obj if key != "name"]
    for kind in kinds[1:]:
        report.forbidden(f"{path}.{kind}", "may not specify more than 1 volume type")
    if not kinds:
        report.required(path, "must specify a volume type")


def empty_dir(obj: Object, path: str, report: Report) -> None:
    if obj.get("sizeLimit") is not None and quantity.parse(obj["sizeLimit"]) < quantity.ZERO:
        report.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def projected(obj: Object, path: str, report: Report) -> None:
    paths: set[str] = set()
    for index, source in enumerate(obj.get("sources", ())):
        where = f"{path}.sources[{index}]"
        if len(source) > 1:
            report.forbidden(where, "may not specify more than 1 volume type per source")
        for target in _targets(source):
            if target in paths:
                report.invalid(path, target, "conflicting duplicate paths")
            paths.add(target)


def _targets(source: Object) -> list[str]:
    """The files that one source of a projected volume names."""
    found: list[str] = []
    for kind in source.values():
        found += [item["path"] for item in kind.get("items", ()) if item.get("path")]
    token = source.get("serviceAccountToken") or {}
    return [*found, token["path"]] if token.get("path") else found


def ephemeral(obj: Object, path: str, report: Report) -> None:
    if obj.get("volumeClaimTemplate") is None:
        report.required(f"{path}.volumeClaimTemplate")


RULES: Final[dict[str, Callable[[Object, str, Report], None]]] = {
    "core.v1.Volume": volume,
    "core.v1.EmptyDirVolumeSource": empty_dir,
    "core.v1.ProjectedVolumeSource": projected,
    "core.v1.EphemeralVolumeSource": ephemeral,
}
