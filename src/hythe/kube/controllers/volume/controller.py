"""Binds claims to volumes that are there, and says when a volume's claim is gone.

    claim without a volume -> the best free one: its claimRef first, then the claim's volumeName, then both statuses
    claim gone             -> the volume is Released; whoever made it deletes it, or its data

Claims of a class with volumeBindingMode WaitForFirstConsumer wait until a pod uses them. Kept out: making and deleting
volumes; a provisioner that runs in the cluster finds the usual annotation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hythe.kube.client.cache import key_of
from hythe.kube.client.recorder import NORMAL, WARNING
from hythe.kube.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES
from hythe.kube.controllers.controller import Context, Controller
from hythe.kube.controllers.patches import write_status
from hythe.kube.controllers.volume import matching
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

_CLAIM: Final = "claim "
_VOLUME: Final = "volume "
_BOUND: Final = "pv.kubernetes.io/bind-completed"
_BY_US: Final = "pv.kubernetes.io/bound-by-controller"
_PROVISIONER: Final = "volume.kubernetes.io/storage-provisioner"
_USED: Final = "claims"


class PersistentVolumeController(Controller):
    """Keys say whether they are of a claim or a volume."""

    name = "persistentvolume-binder-controller"
    workers = 1  # two claims must not take the same volume

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._claims = self.follow(PERSISTENT_VOLUME_CLAIMS, self._of_claim)
        self._volumes = self.follow(PERSISTENT_VOLUMES, self._of_volume)
        self._classes = self.follow(STORAGE_CLASSES, lambda _body: self._waiting())
        self._pods = self.follow(PODS, _claims_of, {_USED: _claims_of})

    async def sync(self, key: str) -> None:
        if key.startswith(_VOLUME):
            volume = self._volumes.cache.get(key.removeprefix(_VOLUME))
            if volume is not None:
                await self._volume(volume)
            return
        claim = self._claims.cache.get(key.removeprefix(_CLAIM))
        if claim is not None and not claim["metadata"].get("deletionTimestamp"):
            await self._claim(claim)

    async def _claim(self, claim: Object) -> None:
        name = claim["spec"].get("volumeName")
        if name:
            await self._named(claim, name)
            return
        volume = matching.best(claim, self._volumes.cache.all())
        reserved = volume is not None and volume["spec"].get("claimRef")
        if volume is None or (not reserved and self._waits(claim)):
            await self._wait(claim)
            return
        await self._bind(claim, volume)

    async def _named(self, claim: Object, name: str) -> None:
        """Its author chose the volume, or we have."""
        volume = self._volumes.cache.get(name)
        annotated = _BOUND in (claim["metadata"].get("annotations") or {})
        if volume is None or (annotated and not matching.is_bound_to(volume, claim)):
            phase = "Lost" if annotated else "Pending"
            await self._phase(claim, phase)
            if annotated:
                told = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
                self._tell(claim, WARNING, "ClaimLost", told)
            return
        if volume["spec"].get("claimRef") and not matching.is_bound_to(volume, claim):
            await self._phase(claim, "Pending")
            return
        await self._bind(claim, volume)

    async def _bind(self, claim: Object, volume: Object) -> None:
        """Each step is done only where it is missing, so a crash in between is mended by the next pass."""
        meta, spec = claim["metadata"], volume["spec"]
        name = volume["metadata"]["name"]
        if (spec.get("claimRef") or {}).get("uid") != meta["uid"]:
            reference = {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": meta["name"],
                "namespace": meta["namespace"], "uid": meta["uid"], "resourceVersion": meta["resourceVersion"],
            }  # fmt: skip
            notes = {} if spec.get("claimRef") else {_BY_US: "yes"}
            patch = {
                "metadata": {"resourceVersion": volume["metadata"]["resourceVersion"], "annotations": notes},
                "spec": {"claimRef": reference},
            }
            volume = await self.client.patch(PERSISTENT_VOLUMES, name, patch)
        await self._volume_phase(volume, "Bound")
        notes = claim["metadata"].get("annotations") or {}
        if claim["spec"].get("volumeName") != name or _BOUND not in notes:
            added = {_BOUND: "yes", **({} if claim["spec"].get("volumeName") else {_BY_US: "yes"})}
            patch = {"metadata": {"annotations": added, "uid": meta["uid"]}, "spec": {"volumeName": name}}
            claim = await self.client.patch(PERSISTENT_VOLUME_CLAIMS, meta["name"], patch, meta["namespace"])
        status = {
            "phase": "Bound", "accessModes": volume["spec"].get("accessModes"), "capacity":
            volume["spec"].get("capacity"),
        }  # fmt: skip
        known = claim.get("status") or {}
        await write_status(self.client, PERSISTENT_VOLUME_CLAIMS, claim, {**known, **status})

    async def _wait(self, claim: Object) -> None:
        await self._phase(claim, "Pending")
        found = self._class_of(claim)
        if self._waits(claim) and not self._is_used(claim):
            told = "waiting for first consumer to be created before binding"
            self._tell(claim, NORMAL, "WaitForFirstConsumer", told)
        elif found is not None and found.get("provisioner", "") not in ("", "kubernetes.io/no-provisioner"):
            await self._ask(claim, found["provisioner"])
        else:
            told = "no persistent volumes available for this claim and no storage class is set"
            self._tell(claim, NORMAL, "FailedBinding", told)

    async def _ask(self, claim: Object, provisioner: str) -> None:
        """Leave it to whoever provisions volumes of that class."""
        meta = claim["metadata"]
        if (meta.get("annotations") or {}).get(_PROVISIONER) != provisioner:
            patch = {"metadata": {"annotations": {_PROVISIONER: provisioner}}}
            await self.client.patch(PERSISTENT_VOLUME_CLAIMS, meta["name"], patch, meta["namespace"])
        told = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by "
            "the system administrator. If volume creation is delayed, please verify that the provisioner is running "
            "and correctly registered."
        )
        self._tell(claim, NORMAL, "ExternalProvisioning", told)

    async def _volume(self, volume: Object) -> None:
        reference = volume["spec"].get("claimRef")
        if not reference:
            await self._volume_phase(volume, "Available")
            return
        claim = self._claims.cache.get(f"{reference.get('namespace')}/{reference.get('name')}")
        if not reference.get("uid"):
            await self._volume_phase(volume, "Available")  # kept for a claim that may come
            return
        if claim is not None and claim["metadata"]["uid"] == reference["uid"]:
            return
        if await self._claim_is_there(reference):
            return
        await self._volume_phase(volume, "Released")

    async def _claim_is_there(self, reference: Object) -> bool:
        """Asked of the server: a volume is not let go because of an old picture."""
        try:
            found = await self.client.get(PERSISTENT_VOLUME_CLAIMS, reference["name"], reference["namespace"])
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        return bool(found["metadata"]["uid"] == reference["uid"])

    async def _phase(self, claim: Object, phase: str) -> None:
        known = claim.get("status") or {}
        await write_status(self.client, PERSISTENT_VOLUME_CLAIMS, claim, {**known, "phase": phase})

    async def _volume_phase(self, volume: Object, phase: str) -> None:
        known = volume.get("status") or {}
        await write_status(self.client, PERSISTENT_VOLUMES, volume, {**known, "phase": phase})

    def _class_of(self, claim: Object) -> Object | None:
        return self._classes.cache.get(claim["spec"].get("storageClassName") or "")

    def _waits(self, claim: Object) -> bool:
        """Of a class that binds late, and no pod on a node wants it yet."""
        found = self._class_of(claim)
        late = found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"
        return late and not self._is_used(claim)

    def _is_used(self, claim: Object) -> bool:
        return bool(self._pods.cache.by(_USED, _CLAIM + key_of(claim)))

    def _of_claim(self, claim: Object) -> Iterable[str]:
        yield _CLAIM + key_of(claim)
        if name := claim["spec"].get("volumeName"):
            yield _VOLUME + name

    def _of_volume(self, volume: Object) -> Iterable[str]:
        yield _VOLUME + volume["metadata"]["name"]
        reference = volume["spec"].get("claimRef")
        if reference:
            yield f"{_CLAIM}{reference.get('namespace')}/{reference.get('name')}"
        else:
            yield from self._waiting()

    def _waiting(self) -> Iterable[str]:
        """Claims that a new volume or class may suit."""
        for claim in self._claims.cache.all():
            if (claim.get("status") or {}).get("phase") != "Bound":
                yield _CLAIM + key_of(claim)

    def _tell(self, claim: Object, type: str, reason: str, message: str) -> None:
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim}
        self.recorder.event(body, type, reason, message)


def _claims_of(pod: Object) -> Iterable[str]:
    for volume in pod["spec"].get("volumes") or ():
        if found := volume.get("persistentVolumeClaim"):
            yield f"{_CLAIM}{pod['metadata']['namespace']}/{found['claimName']}"
