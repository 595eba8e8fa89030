"""Brings pods' statuses to the API server: only what differs, one request at a time for each pod.

A new phase, or a change of readiness, goes at once. Anything else waits a tenth of a second for more: a pod that
starts quickly is told of in one request instead of three. While a request is on its way newer statuses replace each
other, so the last one always arrives. The body is a strategic merge patch with the pod's uid, so that it never
touches a successor of the same name, and of the conditions only those that belong to the kubelet. A server that
cannot be reached is asked again, ever more slowly.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from hythe.errors import HytheError
from hythe.kube.client.client import STRATEGIC_PATCH, Client
from hythe.kube.client.resources import PODS
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.status.conditions import OWNED
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")

GONE = (404, 409)
CALM = 0.1


class Publisher:
    """One for the node."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._wanted: dict[str, tuple[Object, Object]] = {}
        self._known: dict[str, Object] = {}
        self._versions: dict[str, int] = {}
        self._urgent: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def publish(self, pod: Object, status: Object) -> None:
        """Have `status` reported; returns at once."""
        uid = names.uid(pod)
        known = self._known.setdefault(uid, dict(pod.get("status") or {}))
        self._wanted[uid] = (pod, status)
        urgent = self._urgent.setdefault(uid, asyncio.Event())
        if _matters(known, status):
            urgent.set()
        if uid not in self._tasks:
            task = self._tasks[uid] = asyncio.ensure_future(self._bring(uid))
            task.add_done_callback(lambda done: self._tasks.pop(uid, None))

    def heard(self, pod: Object) -> None:
        """What the API server has: others write statuses too, of nodes that they take for lost.

        An older object than our own last answer says nothing.
        """
        uid, version = names.uid(pod), _version(pod)
        if version > self._versions.get(uid, 0) and uid in self._known:
            self._known[uid], self._versions[uid] = dict(pod.get("status") or {}), version

    async def settle(self, uid: str) -> None:
        """Until what was published has arrived."""
        if (urgent := self._urgent.get(uid)) is not None:
            urgent.set()
        while (task := self._tasks.get(uid)) is not None:
            await asyncio.wait([task])
            await asyncio.sleep(0)

    def forget(self, uid: str) -> None:
        self._known.pop(uid, None)
        self._wanted.pop(uid, None)
        self._versions.pop(uid, None)
        self._urgent.pop(uid, None)

    async def close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _bring(self, uid: str) -> None:
        pause = 0.2
        while uid in self._wanted:
            await self._calm(uid)
            wanted = self._wanted.pop(uid, None)
            if wanted is None:
                return
            pod, status = wanted
            changes = status_patch(self._known.get(uid) or {}, status)
            if not changes:
                continue
            try:
                await self._send(uid, pod, changes)
                pause = 0.2
            except ApiError as error:
                if error.code in GONE:
                    continue
                log.warning("status of pod %s was refused: %s", names.described(pod), error)
                if error.code < 500 and error.code != 429:
                    continue
                pause = await self._again(uid, wanted, pause)
            except HytheError as error:
                log.info("status of pod %s: %s", names.described(pod), error)
                pause = await self._again(uid, wanted, pause)

    async def _calm(self, uid: str) -> None:
        """Wait for more, unless what there is matters."""
        urgent = self._urgent.get(uid)
        if urgent is not None:
            try:
                await asyncio.wait_for(urgent.wait(), CALM)
            except TimeoutError:
                pass
            urgent.clear()

    async def _again(self, uid: str, wanted: tuple[Object, Object], pause: float) -> float:
        await asyncio.sleep(pause)
        self._wanted.setdefault(uid, wanted)
        return min(pause * 2, 10.0)

    async def _send(self, uid: str, pod: Object, changes: Object) -> None:
        body = {"metadata": {"uid": uid}, "status": changes}
        answer = await self._client.patch(
            PODS, names.name(pod), body, names.namespace(pod), kind=STRATEGIC_PATCH, subresource="status"
        )
        self._known[uid], self._versions[uid] = dict(answer.get("status") or {}), _version(answer)


def _matters(old: Object, new: Object) -> bool:
    """Whether somebody waits for this: controllers for the phase, services for readiness."""
    return old.get("phase") != new.get("phase") or _is_ready(old) != _is_ready(new)


def _is_ready(status: Object) -> bool:
    found = status.get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found)


def _version(pod: Object) -> int:
    """Versions of one object grow; 0 for one that says none."""
    text = str(pod["metadata"].get("resourceVersion") or "")
    return int(text) if text.isdigit() else 0


def status_patch(old: Object, new: Object) -> Object:
    """What turns `old` into `new`, as a strategic merge patch of the status; empty if nothing does."""
    changes: Object = {}
    for key in new.keys() | old.keys():
        if key == "conditions" or key in ("resize", "nominatedNodeName"):
            continue
        if old.get(key) != new.get(key):
            changes[key] = _replaced(key, old.get(key), new.get(key))
    if differing := _conditions(old.get("conditions") or [], new.get("conditions") or []):
        changes["conditions"] = differing
    return changes


def _replaced(key: str, old: Any, new: Any) -> Any:
    """Lists that the API merges by a key are told to be replaced."""
    if key in ("podIPs", "hostIPs") and old and new:
        return [*new, {"$patch": "replace"}]
    return new


def _conditions(old: list[Object], new: list[Object]) -> list[Object]:
    before = {one["type"]: one for one in old}
    found = []
    for one in new:
        was = before.get(one["type"])
        if one["type"] in OWNED and one != was:
            gone: Object = {
                key: None for key in ("reason", "message") if was and key in was and key not in one
            }
            found.append({**one, **gone})
    return found
