"""One pod on this node: a task that compares what is wanted with what is there, until there is nothing left to do.

    turn:  look (if something may have changed) -> probes -> status -> publish -> next actions, in a task of their own

Something happens (the object changed, the runtime told of a container, a probe's verdict changed, an action ended, a
timer is due): `wake`. Actions take long (pulls, hooks), so they run beside: turns go on meanwhile, and the status is
always of now. There is one action at a time; a pod that must end cancels the one that runs.

    running --(deleted, phase terminal, deadline, evicted)--> ending --(all stopped)--> ended --(object gone)--> over

The decisions are pure functions elsewhere: `pods/actions`, `status/pod`, `backoff`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from cri_api.v1 import api_pb2 as cri

from hythe.errors import HytheError
from hythe.kube.client.resources import PODS
from hythe.kube.kubelet.cri.client import CriError
from hythe.kube.kubelet.cri.observed import Observed, State
from hythe.kube.kubelet.cri.observer import News, Observer
from hythe.kube.kubelet.lifecycle.deadline import exceeded, remaining
from hythe.kube.kubelet.lifecycle.ending import Ender
from hythe.kube.kubelet.lifecycle.garbage import collect, garbage
from hythe.kube.kubelet.lifecycle.messages import last_words
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.restarts import Restarts
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.lifecycle.steps import Steps
from hythe.kube.kubelet.pods import names, parts
from hythe.kube.kubelet.pods.actions import Actions, next_actions
from hythe.kube.kubelet.pods.resources import qos_class
from hythe.kube.kubelet.probes.manager import Pod
from hythe.kube.kubelet.status.containers import Facts
from hythe.kube.kubelet.status.pod import Circumstances, Failure, pod_status
from hythe.kube.kubelet.status.times import stamp
from hythe.kube.objects.status import ApiError
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
        self.status: Object = dict(pod.get("status") or {})
        self._shared = shared
        self._done = done
        self._gone = gone
        self._observer = Observer(shared.runtime, self.uid, names.namespace(pod), names.name(pod))
        self._steps = Steps(shared, self._observer, lambda: self.wake(look=False))
        self._restarts = Restarts(shared, self.uid)
        self._event = asyncio.Event()
        self._look = not fresh
        self._refresh = False
        self._read_of: Observed | None = None
        self._messages: dict[str, str] = {}
        self._action: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._ending_grace = 0
        self._failure: Failure | None = None
        self._sure = False
        self._ended = False
        self._tidied_as: tuple[bool, bool] | None = None
        self._over = False
        self._due: float | None = None
        self.watchers: set[asyncio.Event] = set()

    # What happens to it

    def update(self, pod: Object) -> None:
        """The API server's newest object."""
        changed_meta = any(
            pod["metadata"].get(key) != self.pod["metadata"].get(key) for key in ("labels", "annotations")
        )
        self.pod = pod
        self._shared.publisher.heard(pod)
        if changed_meta:
            self._refresh = True
        self.wake(look=False)

    def remove(self, last: Object | None = None) -> None:
        """The object is gone from the API server."""
        if last is not None:
            self.pod = last
        self._gone = True
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

    @property
    def seen(self) -> Observed:
        return self._observer.current

    def wake(self, *, look: bool = True) -> None:
        self._look = self._look or look
        self._event.set()

    async def run(self) -> None:
        """Until nothing is left of it. Cancelling leaves the pod as it is."""
        try:
            while not self._over:
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
                await self._rest()
        finally:
            await self._stop_tasks()
        self._done(self.uid)

    # One turn

    async def _turn(self) -> None:
        if self._look:
            self._look = False
            await self._observer.look()
        if self._read_of is not self.seen:
            self._read_of = self.seen
            self._read_messages()
            for watcher in self.watchers:
                watcher.set()
        self._keep_probes()
        ending = self._must_end()
        actions = Actions()
        if not ending and self._action is None:
            actions = next_actions(self.pod, self.seen, self._shared.probes)
            self._restarts.hold_back(actions, self.pod, self.seen, self._steps)
        self._report()
        if ending or self._phase_is_final():
            self._end()
        elif self._action is None and not actions.nothing and not self._only_ends_nothing(actions):
            self._act(actions)
        if self._refresh and not ending:
            self._refresh_volumes()
        elif self._action is None and not self._ended:
            self._collect()
        self._timers()

    def _keep_probes(self) -> None:
        of = Pod(
            self.pod,
            lambda: self.wake(look=False),
            lambda name: tell_of(self._shared.recorder, self.pod, name),
            next(iter(self._shared.machine.ips), ""),
        )
        if self._ended or "spec" not in self.pod:
            self._shared.probes.forget(self.uid)
        elif self._ending is not None:
            self._shared.probes.keep(of, self.seen, kinds=("readiness",))
        else:
            self._shared.probes.keep(of, self.seen)

    def _read_messages(self) -> None:
        folder = self._shared.volumes.folder(self.uid)
        for record in self.seen.containers:
            if record.state is State.EXITED and record.id not in self._messages:
                self._messages[record.id] = last_words(record, folder)
        there = {record.id for record in self.seen.containers}
        for gone in self._messages.keys() - there:
            del self._messages[gone]

    def _must_end(self) -> bool:
        """Whether it has to end, whatever its containers do."""
        if "spec" not in self.pod:
            return True
        if self._failure is None and (late := exceeded(self.pod, self.status, self._shared.now())):
            self._failure = late
            tell_of(self._shared.recorder, self.pod)("Normal", late.reason, late.message)
        return (
            self._gone
            or parts.deleted(self.pod)
            or self._failure is not None
            or parts.is_terminal(self.pod)
            or self._ending is not None
        )

    def _phase_is_final(self) -> bool:
        return self.status.get("phase") in ("Succeeded", "Failed")

    def _only_ends_nothing(self, actions: Actions) -> bool:
        """All it would do is to end a pod of which nothing runs."""
        idle = not self.seen.running and not any(one.ready for one in self.seen.sandboxes)
        return actions.end_pod and not actions.sandbox and idle

    # Status

    def _report(self) -> None:
        if "spec" not in self.pod:
            return
        finished = self._ended and not self.seen.running
        facts = Facts(
            self.pod,
            self.seen,
            self.status,
            self._steps.waiting,
            self._messages,
            self._shared.probes,
            self._shared.runtime_name,
        )
        around = Circumstances(
            stamp(self._shared.now()),
            self._shared.machine.ips,
            qos_class(self.pod),
            ended=self._ending is not None or parts.deleted(self.pod),
            finished=finished,
            failure=self._failure,
        )
        self.status = pod_status(facts, around)
        if not self._gone:
            self._shared.publisher.publish(self.pod, self.status)

    # Doing

    def _act(self, actions: Actions) -> None:
        self._action = asyncio.ensure_future(self._take(actions))
        self._action.add_done_callback(self._acted)

    async def _take(self, actions: Actions) -> None:
        self._sure = await self._steps.take(self.pod, self.status, self.seen, actions)

    def _acted(self, task: asyncio.Task[None]) -> None:
        self._action = None
        if not task.cancelled() and (error := task.exception()) is not None:
            level = logging.INFO if isinstance(error, HytheError) else logging.ERROR
            log.log(
                level, "pod %s: %s", names.described(self.pod), error, exc_info=error if level > 20 else None
            )
            self._steps.pause(TROUBLE)
        self.wake(look=not self._sure)
        self._sure = False

    def _collect(self) -> None:
        """Dead containers that nobody needs, when there is nothing else to do."""
        some = garbage(self.seen, self._shared.settings.dead_containers)
        if not some.nothing and self._ending is None:
            folder = self._shared.volumes.folder(self.uid)
            self._action = asyncio.ensure_future(collect(self._shared.runtime, some, folder))
            self._action.add_done_callback(self._acted)

    def _refresh_volumes(self) -> None:
        self._refresh = False
        if self._action is None and self.seen.running:
            self._action = asyncio.ensure_future(self._steps.refresh(self.pod))
            self._action.add_done_callback(self._acted)

    # The end

    def _end(self) -> None:
        """Begin to end it, or go on with it; a shorter grace period than before starts over."""
        if self._ended:
            self._close()
            return
        grace = 1 if self._gone and "spec" not in self.pod else max(parts.grace_period(self.pod), 1)
        if self._ending is not None and not self._ending.done():
            if grace >= self._ending_grace:
                return
            self._ending.cancel()
        if self._action is not None:
            self._action.cancel()
        self._ending_grace = grace
        self._ending = asyncio.ensure_future(self._stop_all(self._action, grace))
        self._ending.add_done_callback(self._stopped)

    async def _stop_all(self, action: asyncio.Task[None] | None, grace: int) -> None:
        if action is not None:
            await asyncio.wait([action])
        seen = await self._observer.look()
        await Ender(self._shared).pod(self.pod, seen, grace)
        left = await self._observer.look()
        if left.running:
            raise CriError("INTERNAL", "containers still run")

    def _stopped(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.warning("pod %s does not end: %s", names.described(self.pod), error)
            asyncio.get_running_loop().call_later(TROUBLE, self.wake)
        else:
            self._ended = True
        self.wake()

    def _close(self) -> None:
        """After its end: clean up, let the API server forget it, and go once it has."""
        stage = (self._gone, parts.deleted(self.pod))
        if self._action is None and self._tidied_as != stage:
            self._tidied_as = stage
            self._action = asyncio.ensure_future(self._tidy())
            self._action.add_done_callback(self._tidied)

    async def _tidy(self) -> None:
        if "spec" in self.pod and not self._gone:
            await self._shared.publisher.settle(self.uid)
            await asyncio.to_thread(self._shared.groups.remove, self.pod)
            if not parts.deleted(self.pod):
                await self._shared.volumes.unmount(self.uid)
                return
            await self._delete()
            return
        await Ender(self._shared).clear(await self._observer.look())
        await self._shared.volumes.release(self.uid)
        await asyncio.to_thread(self._shared.groups.remove, self.pod)
        await asyncio.to_thread(self._remove_logs)
        self._over = True

    async def _delete(self) -> None:
        """The last word: with grace 0, and only if it is still this very pod."""
        try:
            await self._shared.client.delete(
                PODS, names.name(self.pod), names.namespace(self.pod), uid=self.uid, grace=0
            )
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    def _tidied(self, task: asyncio.Task[None]) -> None:
        """What could not be done is tried again; what has happened meanwhile is looked at."""
        self._action = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("pod %s cannot be cleaned up yet: %s", names.described(self.pod), error)
            self._tidied_as = None
            asyncio.get_running_loop().call_later(TROUBLE, self.wake)
            return
        self.wake(look=False)

    def _remove_logs(self) -> None:
        self._steps.remove_logs(self.pod)

    # Waiting

    def _in(self, seconds: float) -> None:
        when = time.monotonic() + max(seconds, 0.0)
        self._due = when if self._due is None else min(self._due, when)

    def _timers(self) -> None:
        now = self._shared.now()
        if self._ending is None and "spec" in self.pod:
            if self._action is None:
                for seconds in self._restarts.delays(self._steps):
                    self._in(seconds)
            if (left := remaining(self.pod, self.status, now)) is not None:
                self._in(left)
            if (renewal := self._shared.volumes.next_renewal(self.uid)) is not None:
                due = renewal - now / 1e9
                if due <= 0:
                    self._refresh = True
                self._in(max(due, 0.5))

    async def _rest(self) -> None:
        timeout = None if self._due is None else max(0.0, self._due - time.monotonic())
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            pass

    async def _stop_tasks(self) -> None:
        tasks = [task for task in (self._action, self._ending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._shared.probes.forget(self.uid)
