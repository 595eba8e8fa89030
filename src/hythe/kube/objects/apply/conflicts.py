"""The error that says whose fields an applied configuration would change, in Kubernetes' words.

Source: apimachinery, pkg/util/managedfields/internal/conflict.go.
"""

from __future__ import annotations

from hythe.kube.objects import status
from hythe.kube.objects.apply import fieldset, paths
from hythe.kube.objects.apply.entries import Manager, Owners
from hythe.kube.objects.status import ApiError, Cause


def conflict(lost: Owners) -> ApiError:
    """`lost` is what each manager would lose."""
    found = [
        (manager, paths.show(path))
        for manager in sorted(lost)
        for path in fieldset.members(lost[manager].fields)
    ]
    causes = [Cause("FieldManagerConflict", f"conflict with {manager}", path) for manager, path in found]
    return status.apply_conflict(_message(found), causes)


def _message(found: list[tuple[Manager, str]]) -> str:
    if len(found) == 1:
        manager, path = found[0]
        return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    lines: list[str] = []
    said: Manager | None = None
    for manager, path in found:
        if manager != said:
            lines.append(f"conflicts with {manager}:")
            said = manager
        lines.append(f"- {path}")
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
