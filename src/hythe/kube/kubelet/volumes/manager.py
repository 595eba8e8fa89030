"""A pod's volumes as a whole: `prepare` before its containers start, `refresh` when a source has changed.

Each volume ends up as a `Ready`: a path of the host, and whether it may be written to. Preparing is done again as
often as one likes; it changes only what differs. Files are written in a thread, since they may be many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hythe.errors import HytheError
from hythe.kube.client.client import Client
from hythe.kube.kubelet.env import fields
from hythe.kube.kubelet.pods import names, parts, security
from hythe.kube.kubelet.volumes import atomic, claims, emptydir, folders, hostpath, ownership
from hythe.kube.kubelet.volumes.payload import KINDS, Around, needed, payload, tokens
from hythe.kube.kubelet.volumes.problem import VolumeProblem, VolumeUnsupported
from hythe.kube.kubelet.volumes.sources import References
from hythe.kube.kubelet.volumes.tokens import Tokens
from hythe.kube.objects.types import Object


class Ready(NamedTuple):
    """A volume that can be mounted into containers."""

    path: Path
    read_only: bool = False


class MountFailed(HytheError):
    """`volume` could not be made, for the reason `message`."""

    def __init__(self, volume: str, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.volume = volume
        self.final = final


PlaceOf = Callable[[Object], fields.Place]


class Volumes:
    """One for the node. `place_of` says which addresses a pod has and what the node can give."""

    def __init__(self, pods: Path, client: Client, references: References, place_of: PlaceOf) -> None:
        self._pods = pods
        self._client = client
        self._references = references
        self._place_of = place_of
        self._tokens = Tokens(client)

    def folder(self, uid: str) -> Path:
        return self._pods / uid

    async def prepare(self, pod: Object) -> dict[str, Ready]:
        """All volumes that some container mounts, by name. Raises MountFailed for the first that cannot be."""
        used = {
            mount["name"] for one in parts.every_container(pod) for mount in one.get("volumeMounts") or []
        }
        ready: dict[str, Ready] = {}
        for volume in pod["spec"].get("volumes") or []:
            if volume["name"] not in used:
                continue
            try:
                ready[volume["name"]] = await self._one(pod, volume)
            except VolumeProblem as error:
                final = isinstance(error, VolumeUnsupported)
                raise MountFailed(volume["name"], error.message, final=final) from error
            except HytheError as error:
                raise MountFailed(volume["name"], error.message) from error
            except OSError as error:
                raise MountFailed(volume["name"], f"{error.strerror}: {error.filename}") from error
        return ready

    async def refresh(self, pod: Object) -> None:
        """Bring the files of a running pod up to date. Raises MountFailed."""
        await self.prepare(pod)

    def next_renewal(self, uid: str) -> float | None:
        return self._tokens.next_renewal(uid)

    async def unmount(self, uid: str) -> None:
        """Of a pod that has ended and is still shown: its volumes go, its last words stay. Raises OSError."""
        self._references.release(uid)
        self._tokens.forget(uid)
        for part in ("volumes", "volume-subpaths"):
            await asyncio.to_thread(folders.remove, self.folder(uid) / part)

    async def release(self, uid: str) -> None:
        """After a pod's end: nothing of it is followed, its folder is removed. Raises OSError."""
        self._references.release(uid)
        self._tokens.forget(uid)
        await asyncio.to_thread(folders.remove, self.folder(uid))

    async def _one(self, pod: Object, volume: Object) -> Ready:
        place = self.folder(names.uid(pod))
        if any(volume.get(kind) is not None for kind in KINDS):
            return await self._files(pod, volume)
        if (empty := volume.get("emptyDir")) is not None:
            target = folders.volume_folder(place, "emptyDir", volume["name"])
            fresh = not target.exists()
            emptydir.prepare(target, empty)
            if fresh:
                await self._group(pod, target)
            return Ready(target)
        if (host := volume.get("hostPath")) is not None:
            return Ready(hostpath.prepare(host))
        if (claim := volume.get("persistentVolumeClaim")) is not None:
            return await self._claimed(pod, claim["claimName"], bool(claim.get("readOnly")))
        if volume.get("ephemeral") is not None:
            name = f"{names.name(pod)}-{volume['name']}"
            return await self._claimed(pod, name, False, ephemeral=True)
        kind = next((key for key in volume if key != "name"), "nothing")
        raise VolumeUnsupported(f"volumes of {kind} are not supported")

    async def _claimed(self, pod: Object, name: str, read_only: bool, *, ephemeral: bool = False) -> Ready:
        found = await claims.resolve(self._client, pod, name, ephemeral=ephemeral)
        if found.take_group and not read_only:
            await self._group(pod, found.path)
        return Ready(found.path, read_only or found.read_only)

    async def _group(self, pod: Object, target: Path) -> None:
        group = security.fs_group(pod)
        if group is not None:
            policy = security.of_pod(pod).get("fsGroupChangePolicy")
            only = policy == "OnRootMismatch"
            await asyncio.to_thread(ownership.give, target, group, only_on_mismatch=only)

    async def _files(self, pod: Object, volume: Object) -> Ready:
        uid = names.uid(pod)
        sources = await self._references.get_all(uid, names.namespace(pod), needed(volume))
        issued = {wanted: await self._tokens.get(pod, wanted) for wanted in tokens(volume)}
        around = Around(sources, self._place_of(pod), issued)
        files = payload(pod, volume, around)
        kind = next(kind for kind in KINDS if volume.get(kind) is not None)
        target = folders.volume_folder(self.folder(uid), kind, volume["name"])
        await asyncio.to_thread(_write, target, files, security.fs_group(pod))
        return Ready(target, read_only=True)


def _write(target: Path, files: dict[str, atomic.File], group: int | None) -> None:
    if not target.exists():
        target.mkdir(parents=True, mode=0o755)
        target.chmod(0o777)
    atomic.write(target, files, group=group)
