"""Taking a pod's next actions, in order: end, kill, volumes, sandbox, containers; and remembering what failed.

A failure never ends the pod's worker: it becomes a reason to wait (`waiting`) and a time before which that step is not
tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from hythe.kube.kubelet.backoff import Delays
from hythe.kube.kubelet.cri.observed import Observed, State
from hythe.kube.kubelet.cri.observer import Observer
from hythe.kube.kubelet.lifecycle.ending import Ender
from hythe.kube.kubelet.lifecycle.problems import SandboxProblem, StartProblem
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.lifecycle.starting import Starter
from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.actions import Actions
from hythe.kube.kubelet.status.containers import Waiting
from hythe.kube.kubelet.volumes.manager import MountFailed, Ready
from hythe.kube.objects.types import Object

SANDBOX_RETRY = 2.0


class Steps:
    """Of one pod. `progress` is called whenever `observer` knows something new."""

    def __init__(self, shared: Shared, observer: Observer, progress: Callable[[], None]) -> None:
        self.waiting: dict[str, Waiting] = {}
        self._shared = shared
        self._observer = observer
        self._progress = progress
        self._starter = Starter(shared)
        self._not_before: dict[str, float] = {}
        self._paused_until = 0.0
        self._mounts = Delays(shared.settings.timings.volume_retry)
        self._complain_at: float | None = None
        self._unmounted = False

    # Patience

    def delay(self, name: str) -> float:
        """Seconds before the container may be tried again."""
        return self._not_before.get(name, 0.0) - time.monotonic()

    def delays(self) -> list[float]:
        now = time.monotonic()
        all_times = [*self._not_before.values(), self._paused_until]
        return [when - now for when in all_times if when > now]

    def pause(self, seconds: float) -> None:
        """Start nothing for a while."""
        self._paused_until = time.monotonic() + seconds

    def paused(self) -> float:
        return self._paused_until - time.monotonic()

    def waiting_for_sources(self) -> None:
        """What failed for want of a ConfigMap or Secret may be tried at once."""
        if self._unmounted:
            self._paused_until = 0.0
        for name, why in self.waiting.items():
            if why.reason == "CreateContainerConfigError":
                self._not_before.pop(name, None)

    # The steps

    async def take(self, pod: Object, status: Object, seen: Observed, actions: Actions) -> bool:
        """All of them; `status` is the pod's last one. Whether `observer` knows what came of it, without a look.

        Raises CriError where the runtime fails in a way that has no reason of its own.
        """
        ender = Ender(self._shared)
        if actions.end_pod:
            if actions.sandbox and seen.sandbox is not None:
                message = "Pod sandbox changed, it will be killed and re-created."
                tell_of(self._shared.recorder, pod)("Normal", "SandboxChanged", message)
            await ender.pod(pod, seen, parts.grace_period(pod))
        for kill in actions.kill:
            await ender.container(pod, kill.record, seen, _grace_of(pod, kill.message), kill.message)
        wanted = [*actions.start_ephemeral, *actions.start_init, *actions.start]
        if not actions.sandbox and not wanted:
            return False
        try:
            volumes = await self._volumes(pod)
            if actions.sandbox:
                seen = await self._observer.made_sandbox(await self._starter.sandbox(pod, actions.attempt))
                self._not_before.clear()
                self._progress()
        except SandboxProblem:
            self.pause(SANDBOX_RETRY)
            return False
        except MountFailed as error:
            self._mount_failed(pod, error)
            return not actions.end_pod and not actions.kill
        well = await self._start_all(pod, status, wanted, seen, volumes)
        return well and not actions.end_pod and not actions.kill

    async def refresh(self, pod: Object) -> None:
        """Only the volumes' files."""
        try:
            await self._shared.volumes.refresh(pod)
        except MountFailed as error:
            tell = tell_of(self._shared.recorder, pod)
            tell(
                "Warning",
                "FailedMount",
                f'MountVolume.SetUp failed for volume "{error.volume}" : {error.message}',
            )

    async def _volumes(self, pod: Object) -> dict[str, Ready]:
        ready = await self._shared.volumes.prepare(pod)
        self._mounts.forget("")
        self._unmounted, self._complain_at = False, None
        return ready

    def _mount_failed(self, pod: Object, error: MountFailed) -> None:
        self._unmounted = True
        tell = tell_of(self._shared.recorder, pod)
        tell(
            "Warning",
            "FailedMount",
            f'MountVolume.SetUp failed for volume "{error.volume}" : {error.message}',
        )
        now = time.monotonic()
        if self._complain_at is None:
            self._complain_at = now + self._shared.settings.timings.volume_complaint
        elif now >= self._complain_at:
            self._complain_at = None
            tell(
                "Warning",
                "FailedMount",
                f"Unable to attach or mount volumes: unmounted volumes=[{error.volume}], unattached volumes=[], failed"
                " to process volumes=[]: context deadline exceeded",
            )
        self.pause(self._mounts.failed(error.volume, now, now))

    async def _start_all(
        self, pod: Object, status: Object, wanted: Iterable[str], seen: Observed, volumes: dict[str, Ready]
    ) -> bool:
        """Whether all have started."""
        well = True
        for name in wanted:
            one = parts.container(pod, name)
            if one is None:
                continue
            self._count_restart(name, seen)
            try:
                attempt = next_attempt(name, seen, status)
                starting = self._observer.starting
                started = await self._starter.container(pod, one, seen, volumes, attempt, starting.add)
                await self._starter.after_start(pod, one, started, seen)
                seen = await self._observer.made_container(started, seen.sandboxes[0].id)
                self.waiting.pop(name, None)
                self._not_before.pop(name, None)
                self._progress()
            except StartProblem as error:
                self.waiting[name] = Waiting(error.reason, error.message)
                self._not_before[name] = time.monotonic() + error.retry
                self._progress()
                well = False
            finally:
                self._observer.starting.clear()
        return well

    def _count_restart(self, name: str, seen: Observed) -> None:
        latest = seen.latest(name)
        if latest is not None and latest.state is State.EXITED:
            now = self._shared.now() / 1e9
            key = f"{seen.uid}/{latest.name}/{latest.hash}"
            self._shared.restarts.failed(key, latest.finished_at / 1e9, now)


def next_attempt(name: str, seen: Observed, status: Object) -> int:
    """How often a container will have been restarted: one more than the newest there is, or than was last reported."""
    latest = seen.latest(name)
    found = -1 if latest is None else latest.attempt
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or []:
            ran = one.get("containerID") or one.get("lastState")
            if one["name"] == name and ran:
                found = max(found, int(one.get("restartCount") or 0))
    return found + 1


def _grace_of(pod: Object, message: str) -> int:
    """A probe may have a grace period of its own; otherwise it is the pod's."""
    for one in parts.every_container(pod):
        for probe, word in (("livenessProbe", "liveness"), ("startupProbe", "startup")):
            own = (one.get(probe) or {}).get("terminationGracePeriodSeconds")
            if own is not None and f"ontainer {one['name']} failed {word}" in message:
                return int(own)
    return parts.grace_period(pod)
