"""The end of one pod: everything stops, then it is told of, cleaned away, and forgotten.

    begin -> stop all containers and sandboxes -> ended -> final status -> (deleted: DELETE with grace 0)
                                                        -> (gone: remove containers, volumes, logs -> over)

A pod that has ended and is not deleted keeps its containers, for logs, and gives its volumes and control group back.
Each step is taken again until it succeeds; a shorter grace period than before stops the pod anew.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable

from hythe.kube.client.resources import PODS
from hythe.kube.kubelet.cri.client import CriError
from hythe.kube.kubelet.cri.observer import Observer
from hythe.kube.kubelet.lifecycle.ending import Ender
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")

AGAIN = 1.0
"""Seconds before a step that has failed is taken again."""


class Finish:
    """`wake` is called when something has come of it. `begun`: nothing of the pod is started any more. `ended`: nothing
    of it runs. `over`: nothing is left of it, here or in the runtime.
    """

    def __init__(self, shared: Shared, observer: Observer, wake: Callable[[], None]) -> None:
        self.begun = False
        self.ended = False
        self.over = False
        self._shared = shared
        self._observer = observer
        self._wake = wake
        self._grace = 0
        self._task: asyncio.Task[None] | None = None
        self._resting = False
        self._tidied: tuple[bool, bool] | None = None

    def proceed(self, pod: Object, action: asyncio.Task[None] | None, *, gone: bool) -> None:
        """Begin, or go on. `action` is what the worker is doing: it is given up. `gone`: no object any more."""
        self.begun = True
        if self._resting:
            return
        if self.ended:
            self._close(pod, gone)
            return
        grace = max(parts.grace_period(pod), 1) if "spec" in pod else 1
        if self._task is not None:
            if grace >= self._grace:
                return
            self._task.cancel()
        if action is not None:
            action.cancel()
        self._grace = grace
        self._task = asyncio.ensure_future(self._stop(pod, action, grace))
        self._task.add_done_callback(self._stopped)

    async def give_up(self) -> None:
        """The kubelet stops; the pod stays as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _stop(self, pod: Object, action: asyncio.Task[None] | None, grace: int) -> None:
        if action is not None:
            await asyncio.wait([action])
        await Ender(self._shared).pod(pod, await self._observer.look(), grace)
        if (await self._observer.look()).running:
            raise CriError("INTERNAL", f"containers of {names.described(pod)} still run")

    def _stopped(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        self._task = None
        if (error := task.exception()) is not None:
            self._rest(f"a pod does not end: {error}")
            return
        self.ended = True
        self._wake()

    def _rest(self, why: str) -> None:
        log.warning("%s", why)
        self._resting = True
        asyncio.get_running_loop().call_later(AGAIN, self._rested)

    def _rested(self) -> None:
        self._resting = False
        self._wake()

    def _close(self, pod: Object, gone: bool) -> None:
        """Once for each: ended, then deleted, then gone."""
        stage = (gone, parts.deleted(pod))
        if self._task is None and self._tidied != stage:
            self._tidied = stage
            self._task = asyncio.ensure_future(self._tidy(pod, gone))
            self._task.add_done_callback(self._closed)

    async def _tidy(self, pod: Object, gone: bool) -> None:
        uid = names.uid(pod)
        if gone or "spec" not in pod:
            await self._clear(pod)
            return
        await self._shared.publisher.settle(uid)
        await asyncio.to_thread(self._shared.groups.remove, pod)
        if parts.deleted(pod):
            await self._delete(pod)
        else:
            await self._shared.volumes.unmount(uid)

    async def _clear(self, pod: Object) -> None:
        await Ender(self._shared).clear(await self._observer.look())
        await self._shared.volumes.release(names.uid(pod))
        await asyncio.to_thread(self._shared.groups.remove, pod)
        logs = names.log_directory(self._shared.settings.pod_logs, pod)
        await asyncio.to_thread(shutil.rmtree, logs, ignore_errors=True)
        self.over = True

    async def _delete(self, pod: Object) -> None:
        """The last word: with grace 0, and only if it is still this very pod."""
        try:
            await self._shared.client.delete(
                PODS, names.name(pod), names.namespace(pod), uid=names.uid(pod), grace=0
            )
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def _closed(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        self._task = None
        if (error := task.exception()) is not None:
            self._tidied = None
            self._rest(f"a pod cannot be cleaned up yet: {error}")
            return
        self._wake()
