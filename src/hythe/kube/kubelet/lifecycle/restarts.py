"""Which starts must wait: containers that crash (CrashLoopBackOff), and steps that have just failed.

A container that has ended is started again at once the first time, then after 10 s, 20 s, ... 5 min, counted from its
end. Meanwhile it *waits*, with the delay in its message; an event tells of it.
"""

from __future__ import annotations

from hythe.kube.kubelet.backoff import go_duration
from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, State
from hythe.kube.kubelet.lifecycle.records import tell_of
from hythe.kube.kubelet.lifecycle.shared import Shared
from hythe.kube.kubelet.lifecycle.steps import Steps
from hythe.kube.kubelet.pods import names
from hythe.kube.kubelet.pods.actions import Actions
from hythe.kube.kubelet.status.containers import Waiting
from hythe.kube.objects.types import Object


class Restarts:
    """Of one pod. Keeps when the next start is due."""

    def __init__(self, shared: Shared, uid: str) -> None:
        self._shared = shared
        self._uid = uid
        self._held: dict[str, float] = {}

    def hold_back(self, actions: Actions, pod: Object, seen: Observed, steps: Steps) -> None:
        """Take out of `actions` what must not be started yet; say why in `steps.waiting`."""
        self._held.clear()
        killed = {kill.record.name for kill in actions.kill}
        if steps.paused() > 0:
            actions.start, actions.start_init, actions.start_ephemeral = [], [], []
            actions.sandbox = actions.end_pod = False
        for some in (actions.start_init, actions.start):
            some[:] = [
                name
                for name in some
                if name not in killed
                and (actions.sandbox or steps.delay(name) <= 0)
                and not self._crashed(pod, name, seen, steps)
            ]

    def delays(self, steps: Steps) -> list[float]:
        """Seconds until each start that waits is due."""
        now = self._shared.now() / 1e9
        return [until - now for until in self._held.values()] + steps.delays()

    def _crashed(self, pod: Object, name: str, seen: Observed, steps: Steps) -> bool:
        latest = seen.latest(name)
        if latest is None or latest.state is not State.EXITED:
            return False
        key = self.key(latest)
        now = self._shared.now() / 1e9
        left = self._shared.restarts.remaining(key, latest.finished_at / 1e9, now)
        if left <= 0:
            return False
        self._held[name] = now + left
        delay = go_duration(self._shared.restarts.current(key))
        message = f"back-off {delay} restarting failed container={name} pod={names.described(pod)}"
        waiting = Waiting("CrashLoopBackOff", message)
        if steps.waiting.get(name) != waiting:
            steps.waiting[name] = waiting
            text = f"Back-off restarting failed container {name} in pod {names.described(pod)}"
            tell_of(self._shared.recorder, pod, name)("Warning", "BackOff", text)
        return True

    def key(self, latest: ContainerRecord) -> str:
        return f"{self._uid}/{latest.name}/{latest.hash}"
