"""One pod on this node: a task that compares what is wanted with what is there, until there is nothing left to do.

    turn:  look (if something may have changed) -> probes -> status -> publish -> next actions, in a task of their own

Something happens (the object changed, the runtime told of a container, a probe's verdict changed, an action ended, a
timer is due): `wake`. Actions take long (pulls, hooks), so they run beside: turns go on meanwhile, and the status is
always of now. There is one action at a time; a pod that must end gives up the one that runs.

    running --(deleted, phase terminal, deadline, evicted)--> `finish`: ending --> ended --(object gone)--> over

The decisions are pure functions elsewhere: `pods/actions`, `status/pod`, `backoff`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from cri_api.v1 import api_pb2 as cri

from hythe.errors import HytheError
from hythe.kube.kubelet.cri.client import CriError
from hythe.kube.kubelet.cri.observed import Observed
from hythe.kube.kubelet.cri.observer import News, Observer
from hythe.kube.kubelet.lifecycle.deadline import exceeded, remaining
from hythe.kube.kubelet.lifecycle.finish import Finish
from hythe.kube.kubelet.lifecycle.garbage import collect, garbage
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.report import Report
from hythe.kube.kubelet.lifecycle.restarts import Restarts
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.lifecycle.steps import Steps
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.kubelet.pods.actions import Actions, next_actions
from hythe.kube.kubelet.probes.manager import Pod
from hythe.kube.kubelet.status.pod import Failure
from hythe.kube.objects.types import Object

log = logging.getLogger("hythe.kubelet")

TROUBLE = 1.0
"""Seconds until the runtime is asked again after it has failed."""


class Worker:
    """`done` is called when nothing of the pod is left here, neither in the runtime nor on disk.

    `gone`: its object is not at the API server. `fresh`: the runtime cannot have anything of it yet. `seen` is what
    the runtime is known to have; each of `watchers` is set when that changes.
    """

    def __init__(
        self,
        shared: Shared,
        pod: Object,
        done: Callable[[str], None],
        *,
        gone: bool = False,
        fresh: bool = False,
    ) -> None:
        self.pod = pod
        self.uid = names.uid(pod)
        self.watchers: set[asyncio.Event] = set()
        self._shared = shared
        self._done = done
        self._gone = gone
        self._observer = Observer(shared.runtime, self.uid, names.namespace(pod), names.name(pod))
        self._report = Report(shared, self.uid, dict(pod.get("status") or {}))
        self._steps = Steps(shared, self._observer, lambda: self.wake(look=False))
        self._restarts = Restarts(shared, self.uid)
        self._finish = Finish(shared, self._observer, lambda: self.wake(look=False))
        self._failure: Failure | None = None
        self._action: asyncio.Task[None] | None = None
        self._sure = False
        self._event = asyncio.Event()
        self._look = not fresh
        self._read_of: Observed | None = None
        self._refresh = False
        self._due: float | None = None

    @property
    def seen(self) -> Observed:
        return self._observer.current

    @property
    def status(self) -> Object:
        return self._report.status

    # What happens to it

    def update(self, pod: Object) -> None:
        """The API server's newest object."""
        before, self.pod = self.pod["metadata"], pod
        if any(pod["metadata"].get(key) != before.get(key) for key in ("labels", "annotations")):
            self._refresh = True
        self._shared.publisher.heard(pod)
        self.wake(look=False)

    def remove(self, last: Object) -> None:
        """The object is gone from the API server."""
        self.pod, self._gone = last, True
        self.wake()

    def sources_changed(self) -> None:
        """A ConfigMap or Secret that it refers to is another one now."""
        self._refresh = True
        self._steps.waiting_for_sources()
        self.wake(look=False)

    def evict(self, failure: Failure) -> None:
        """End it, as failed."""
        self._failure = self._failure or failure
        self.wake(look=False)

    def told(self, event: cri.ContainerEventResponse | None) -> None:
        """The runtime has news of it; None: of which it is not known what."""
        news = News.UNCLEAR if event is None else self._observer.told(event)
        if news is not News.OLD:
            self.wake(look=news is News.UNCLEAR)

    def wake(self, *, look: bool = True) -> None:
        self._look = self._look or look
        self._event.set()

    async def run(self) -> None:
        """Until nothing is left of it. Cancelling leaves the pod as it is."""
        try:
            while not self._finish.over:
                self._event.clear()
                self._due = None
                try:
                    await self._turn()
                except CriError as error:
                    log.info("pod %s: the runtime: %s", names.described(self.pod), error)
                    self._look = True
                    self._in(TROUBLE)
                except Exception:  # a pod that nobody looks after is worse than one that is tried again
                    log.exception("pod %s", names.described(self.pod))
                    self._in(TROUBLE)
                if not self._finish.over:
                    await self._rest()
        finally:
            await self._give_up()
        self._done(self.uid)

    # One turn

    async def _turn(self) -> None:
        await self._see()
        self._keep_probes()
        if "spec" not in self.pod:
            self._finish.proceed(self.pod, self._action, gone=True)
            return
        ending = self._must_end()
        actions = Actions()
        if not ending and self._action is None:
            actions = next_actions(self.pod, self.seen, self._shared.probes)
            self._restarts.hold_back(actions, self.pod, self.seen, self._steps)
        self._tell()
        if ending or self._report.is_final:
            self._finish.proceed(self.pod, self._action, gone=self._gone)
            return
        if self._action is None:
            self._do(actions)
        self._timers()

    async def _see(self) -> None:
        if self._look:
            self._look = False
            await self._observer.look()
        if self._read_of is not self.seen:
            self._read_of = self.seen
            self._report.read_messages(self.seen)
            for watcher in self.watchers:
                watcher.set()

    def _keep_probes(self) -> None:
        if self._finish.ended or "spec" not in self.pod:
            self._shared.probes.forget(self.uid)
            return
        of = Pod(
            self.pod,
            lambda: self.wake(look=False),
            lambda name: tell_of(self._shared.recorder, self.pod, name),
            next(iter(self._shared.machine.ips), ""),
        )
        if self._finish.begun:
            self._shared.probes.keep(of, self.seen, kinds=("readiness",))
        else:
            self._shared.probes.keep(of, self.seen)

    def _must_end(self) -> bool:
        """Whether it has to end, whatever its containers do."""
        if self._failure is None and (late := exceeded(self.pod, self.status, self._shared.now())):
            self._failure = late
            tell_of(self._shared.recorder, self.pod)("Normal", late.reason, late.message)
        failed = self._failure is not None or parts.is_terminal(self.pod)
        return self._gone or parts.deleted(self.pod) or failed or self._finish.begun

    def _tell(self) -> None:
        self._report.make(self.pod, self.seen, self._steps.waiting, self._finish, self._failure)
        if not self._gone:
            self._shared.publisher.publish(self.pod, self.status)

    # Doing

    def _do(self, actions: Actions) -> None:
        """The first of these that there is a reason for: next steps, fresh files, dead containers away."""
        some = garbage(self.seen, self._shared.settings.dead_containers)
        if not actions.nothing and not self._only_ends_nothing(actions):
            self._begin(self._take(actions))
        elif self._refresh and self.seen.running:
            self._refresh = False
            self._begin(self._steps.refresh(self.pod))
        elif not some.nothing:
            folder = self._shared.volumes.folder(self.uid)
            self._begin(collect(self._shared.runtime, some, folder))

    def _only_ends_nothing(self, actions: Actions) -> bool:
        """All it would do is to end a pod of which nothing runs."""
        idle = not self.seen.running and not any(one.ready for one in self.seen.sandboxes)
        return actions.end_pod and not actions.sandbox and idle

    async def _take(self, actions: Actions) -> None:
        self._sure = await self._steps.take(self.pod, self.status, self.seen, actions)

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        self._action = asyncio.ensure_future(doing)
        self._action.add_done_callback(self._acted)

    def _acted(self, task: asyncio.Task[None]) -> None:
        self._action = None
        if not task.cancelled() and (error := task.exception()) is not None:
            known = isinstance(error, HytheError)
            text = f"pod {names.described(self.pod)}: {error}"
            log.log(logging.INFO if known else logging.ERROR, text, exc_info=None if known else error)
            self._steps.pause(TROUBLE)
        self.wake(look=not self._sure)
        self._sure = False

    # Waiting

    def _in(self, seconds: float) -> None:
        when = time.monotonic() + max(seconds, 0.0)
        self._due = when if self._due is None else min(self._due, when)

    def _timers(self) -> None:
        now = self._shared.now()
        if self._action is None:
            for seconds in self._restarts.delays(self._steps):
                self._in(seconds)
        if (left := remaining(self.pod, self.status, now)) is not None:
            self._in(left)
        if (renewal := self._shared.volumes.next_renewal(self.uid)) is not None:
            due = renewal - now / 1e9
            self._refresh = self._refresh or due <= 0
            self._in(max(due, 0.5))

    async def _rest(self) -> None:
        timeout = None if self._due is None else max(0.0, self._due - time.monotonic())
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            pass

    async def _give_up(self) -> None:
        await self._finish.give_up()
        if self._action is not None:
            self._action.cancel()
            await asyncio.gather(self._action, return_exceptions=True)
        self._shared.probes.forget(self.uid)
