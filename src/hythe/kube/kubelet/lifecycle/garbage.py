"""Dead containers of a living pod: of each, the newest that has ended is kept, for `logs --previous` and its status.

Older ones go, with their logs and last words; and sandboxes that were replaced. A pod's end takes all the rest.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from hythe.kube.kubelet.cri.client import CriError, Runtime
from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, SandboxRecord, State
from hythe.kube.kubelet.volumes import folders


class Garbage(NamedTuple):
    """What nobody needs any more."""

    containers: list[ContainerRecord]
    sandboxes: list[SandboxRecord]

    @property
    def nothing(self) -> bool:
        return not self.containers and not self.sandboxes


def garbage(seen: Observed, keep: int) -> Garbage:
    """All but the newest `keep` dead containers of each name; sandboxes that are neither the newest nor have one kept.

    Whoever removes a sandbox removes its containers.
    """
    kept: Counter[str] = Counter()
    found = []
    for record in seen.containers:
        newest = seen.latest(record.name) is record
        if record.state is not State.EXITED:
            continue
        if kept[record.name] >= keep and not newest:
            found.append(record)
        kept[record.name] += 1
    gone = {record.id for record in found}
    in_use = {record.sandbox for record in seen.containers if record.id not in gone}
    in_use |= {one.id for one in seen.sandboxes[:1]}
    return Garbage(found, [one for one in seen.sandboxes if one.id not in in_use and not one.ready])


async def collect(runtime: Runtime, some: Garbage, pod_folder: Path) -> None:
    """Remove it; what is gone already is fine, and what cannot be removed now is tried again later."""
    for record in some.containers:
        try:
            await runtime.remove_container(record.id)
        except CriError:
            continue
        Path(record.log_path).unlink(missing_ok=True)
        folders.termination_log(pod_folder, record.name, record.attempt).unlink(missing_ok=True)
    for sandbox in some.sandboxes:
        try:
            await runtime.stop_sandbox(sandbox.id)
            await runtime.remove_sandbox(sandbox.id)
        except CriError:
            continue
