"""All probes of all pods: a task for each, its verdicts by container id, and a call whenever one changes.

A container's liveness and readiness probes wait until its startup probe has succeeded. A probe ends with its
container; a failed liveness probe ends at once, since the container will be killed. The first question comes after
the initial delay, without the random wait that the real kubelet adds after a restart: readiness should be known as
soon as can be. What the API has of a container that an earlier kubelet asked holds until the first answer, so that its
pod does not leave its Services when the kubelet is started again. While a container has not been ready yet its
readiness is asked more often than its period, so that a slow start is seen at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hythe.kube.kubelet.cri.client import Runtime
from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, State
from hythe.kube.kubelet.images.puller import Tell
from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.actions import Verdict
from hythe.kube.kubelet.probes.ask import Reply, Target, ask
from hythe.kube.kubelet.probes.state import FIELDS, Kind, Probe, Schedule, held_before
from hythe.kube.objects.types import Object

EAGER: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)


class _Key(NamedTuple):
    container_id: str
    kind: Kind


class Pod(NamedTuple):
    """Whose probes these are: `changed` is called for each new verdict, `tell` gives the recorder of a container.

    `host_ip` is where a pod in the host's network is asked.
    """

    pod: Object
    changed: Callable[[], None]
    tell: Callable[[str], Tell]
    host_ip: str


class Probes:
    """One for the node."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._probes: dict[_Key, Probe] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._pods: dict[str, set[_Key]] = {}
        self._has_started: dict[str, asyncio.Event] = {}

    def startup(self, container_id: str) -> Verdict | None:
        return self._verdict(container_id, "startup")

    def liveness(self, container_id: str) -> Verdict | None:
        return self._verdict(container_id, "liveness")

    def readiness(self, container_id: str) -> Verdict | None:
        return self._verdict(container_id, "readiness")

    def _verdict(self, container_id: str, kind: Kind) -> Verdict | None:
        probe = self._probes.get(_Key(container_id, kind))
        return probe.verdict if probe is not None else None

    def keep(self, of: Pod, seen: Observed, *, kinds: Iterable[Kind] = tuple(FIELDS)) -> None:
        """Have the probes that the pod's running containers want, of these kinds, and no others."""
        wanted = {
            _Key(record.id, kind): (one, record)
            for one in parts.every_container(of.pod)
            if (record := seen.latest(one["name"])) is not None and record.state is State.RUNNING
            for kind in kinds
            if one.get(FIELDS[kind])
        }
        have = self._pods.setdefault(seen.uid, set())
        for key in have - wanted.keys():
            self._drop(key)
        self._pods[seen.uid] = set(wanted)
        for key, (one, record) in wanted.items():
            if key not in self._probes:
                self._begin(key, of, one, record, next(iter(seen.ips), of.host_ip))

    def forget(self, uid: str) -> None:
        """None of a pod's any more."""
        for key in self._pods.pop(uid, set()):
            self._drop(key)

    async def close(self) -> None:
        for uid in list(self._pods):
            self.forget(uid)

    def _drop(self, key: _Key) -> None:
        self._probes.pop(key, None)
        if not any(other.container_id == key.container_id for other in self._probes):
            self._has_started.pop(key.container_id, None)
        if task := self._tasks.pop(key, None):
            task.cancel()

    def _begin(self, key: _Key, of: Pod, one: Object, record: ContainerRecord, ip: str) -> None:
        probe = Probe(key.kind, Schedule.of(one[FIELDS[key.kind]]))
        self._probes[key] = probe
        if held_before(of.pod, record.id, key.kind):
            probe.verdict = Verdict.SUCCESS
            if key.kind == "startup":
                self._has_started.setdefault(key.container_id, asyncio.Event()).set()
        target = Target(self._runtime, one, record.id, ip)
        self._tasks[key] = asyncio.ensure_future(self._run(key, probe, of, target, record))

    async def _run(self, key: _Key, probe: Probe, of: Pod, target: Target, record: ContainerRecord) -> None:
        asked = target.container[FIELDS[key.kind]]
        await self._started(key, target.container)
        elapsed = time.time() - record.started_at / 1e9
        await asyncio.sleep(max(0.0, probe.schedule.delay - elapsed))
        eager = iter(EAGER if key.kind in ("readiness", "startup") else ())
        ever = probe.verdict is Verdict.SUCCESS
        while not probe.over:
            reply = await ask(asked, target, probe.schedule.timeout)
            ever = ever or reply.well
            early = None if ever else next(eager, None)
            if early is None or reply.well:
                self._count(probe, reply, of, target)
            await asyncio.sleep(min(early or probe.schedule.period, probe.schedule.period))

    async def _started(self, key: _Key, container: Object) -> None:
        """Until the startup probe, if there is one, has succeeded."""
        if key.kind == "startup" or not container.get("startupProbe"):
            return
        await self._has_started.setdefault(key.container_id, asyncio.Event()).wait()

    def _count(self, probe: Probe, reply: Reply, of: Pod, target: Target) -> None:
        if not reply.well:
            how = "errored" if reply.broken else "failed"
            tell = of.tell(target.container["name"])
            tell("Warning", "Unhealthy", f"{probe.kind.capitalize()} probe {how}: {reply.output}")
        if probe.answered(reply.well):
            if probe.kind == "startup" and probe.verdict is Verdict.SUCCESS:
                self._has_started.setdefault(target.container_id, asyncio.Event()).set()
            of.changed()
