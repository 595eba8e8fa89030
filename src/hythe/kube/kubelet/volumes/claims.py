"""persistentVolumeClaims: followed to the volume they are bound to; hostPath and local volumes are mounted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from hythe.errors import HytheError
from hythe.kube.client.client import Client
from hythe.kube.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.volumes import hostpath
from hythe.kube.kubelet.volumes.problem import VolumeProblem, VolumeUnsupported
from hythe.kube.objects.types import Object

_KNOWN = ("hostPath", "local")
_OTHERS = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "glusterfs", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd",
    "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip


class Claimed(NamedTuple):
    """Where a claim's volume is; `take_group`: an fsGroup applies to it."""

    path: Path
    read_only: bool
    take_group: bool


async def resolve(client: Client, pod: Object, name: str, *, ephemeral: bool = False) -> Claimed:
    """Raises VolumeProblem while the claim is not bound, VolumeUnsupported for other kinds of volumes."""
    namespace = names.namespace(pod)
    try:
        claim = await client.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
        if ephemeral and not _owned(claim, pod):
            raise VolumeProblem(
                f"PVC {namespace}/{name} was not created for pod {namespace}/{names.name(pod)}"
            )
        bound = claim["spec"].get("volumeName")
        if not bound or (claim.get("status") or {}).get("phase") != "Bound":
            raise VolumeProblem(f"error processing PVC {namespace}/{name}: PVC is not bound")
        volume = await client.get(PERSISTENT_VOLUMES, bound)
    except VolumeProblem:
        raise
    except HytheError as error:
        raise VolumeProblem(f"error processing PVC {namespace}/{name}: {error.message}") from error
    return _place(volume)


def _owned(claim: Object, pod: Object) -> bool:
    owners = claim["metadata"].get("ownerReferences") or []
    return any(one.get("uid") == names.uid(pod) for one in owners)


def _place(volume: Object) -> Claimed:
    spec = volume["spec"]
    read_only = spec.get("accessModes") == ["ReadOnlyMany"]
    if spec.get("volumeMode") == "Block":
        raise VolumeUnsupported("block volumes are not supported")
    if (host := spec.get("hostPath")) is not None:
        return Claimed(hostpath.prepare(host), read_only, False)
    if (local := spec.get("local")) is not None:
        place = Path(local["path"])
        if not place.is_dir():
            raise VolumeProblem(f'path "{place}" does not exist')
        return Claimed(place, read_only, True)
    kind = next((one for one in _OTHERS if one in spec), "an unknown kind")
    raise VolumeUnsupported(f"persistent volumes of {kind} are not supported")
