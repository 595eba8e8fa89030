"""What to do next with a pod that is to run: a pure function of the pod, what is there, and what the probes say.

It is asked again after each thing done, so it only ever says the next steps: a sandbox if there is none, the next
init container if the one before has ended well (a sidecar: has started), then what is missing or has failed of the
others. Source: the behaviour of kuberuntime's computePodActions, and KEP-753 for sidecars.

Kept out: back-off (the worker delays a start), and deletion (`terminating.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from hythe.kube.kubelet.cri.observed import ContainerRecord, Observed, State
from hythe.kube.kubelet.pods import parts
from hythe.kube.kubelet.pods.names import container_hash
from hythe.kube.objects.types import Object


class Verdict(Enum):
    """What a probe has last found; a threshold is already counted in."""

    UNKNOWN = "unknown"
    SUCCESS = "success"
    FAILURE = "failure"


class Verdicts(Protocol):
    """The probes' results, by container id; None where there is no such probe."""

    def liveness(self, container_id: str) -> Verdict | None: ...

    def startup(self, container_id: str) -> Verdict | None: ...


@dataclass(frozen=True)
class Kill:
    """A container that must end although its pod goes on; `message` is the event's."""

    record: ContainerRecord
    message: str


@dataclass
class Actions:
    """In this order: end the whole pod, or some containers; make the sandbox; start containers, by name."""

    end_pod: bool = False
    sandbox: bool = False
    attempt: int = 0
    kill: list[Kill] = field(default_factory=list)
    start_ephemeral: list[str] = field(default_factory=list)
    start_init: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        return not (
            self.end_pod or self.sandbox or self.kill or self.start_ephemeral or self.start_init or self.start
        )


def next_actions(pod: Object, seen: Observed, verdicts: Verdicts) -> Actions:
    """The next steps towards `pod`; nothing at all once it is as it should be."""
    sandbox = seen.sandbox
    if not usable(pod, seen):
        return _from_the_beginning(pod, seen, sandbox.attempt + 1 if sandbox else 0)
    actions = Actions(attempt=sandbox.attempt if sandbox else 0)
    actions.start_ephemeral = [
        one["name"] for one in parts.ephemeral_containers(pod) if seen.latest(one["name"]) is None
    ]
    if not _init(pod, seen, verdicts, actions):
        return actions
    _main(pod, seen, verdicts, actions)
    return actions


def usable(pod: Object, seen: Observed) -> bool:
    """Whether the newest sandbox is one that containers can be in: ready, of the right network, with an address."""
    newest = seen.sandbox
    if newest is None or not newest.ready or sum(one.ready for one in seen.sandboxes) > 1:
        return False
    if newest.host_network != parts.host_network(pod):
        return False
    return newest.host_network or bool(newest.ips)


def _from_the_beginning(pod: Object, seen: Observed, attempt: int) -> Actions:
    """A new sandbox, with everything started anew; or none, for a pod that has nothing left to do."""
    actions = Actions(end_pod=True, sandbox=True, attempt=attempt)
    if not parts.restarts_on_failure(pod) and attempt and seen.containers:
        actions.sandbox = False
        return actions
    wanted = [one["name"] for one in parts.containers(pod) if not _done(pod, one, seen)]
    if not wanted:
        actions.sandbox = False
        return actions
    if inits := parts.init_containers(pod):
        actions.start_init = [inits[0]["name"]]
    else:
        actions.start = wanted
    return actions


def _done(pod: Object, one: Object, seen: Observed) -> bool:
    latest = seen.latest(one["name"])
    ended_well = latest is not None and latest.state is State.EXITED and latest.exit_code == 0
    return ended_well and parts.restart_policy(pod) == "OnFailure"


def initialized_before(pod: Object, seen: Observed) -> bool:
    """Whether a main container has ever been made: then all init containers have done their work."""
    return any(seen.latest(one["name"]) is not None for one in parts.containers(pod))


def _init(pod: Object, seen: Observed, verdicts: Verdicts, actions: Actions) -> bool:
    """Whether the main containers may start. Until then `actions` names the init container whose turn it is."""
    inits = parts.init_containers(pod)
    if not inits:
        return True
    if initialized_before(pod, seen):
        for one in parts.sidecars(pod):
            _keep_sidecar(one, seen.latest(one["name"]), verdicts, actions)
        return True
    reached = max((i for i, one in enumerate(inits) if seen.latest(one["name"])), default=-1)
    for one in inits[: max(reached, 0)]:
        if parts.is_sidecar(one):
            _keep_sidecar(one, seen.latest(one["name"]), verdicts, actions)
    if reached < 0:
        actions.start_init.append(inits[0]["name"])
        return False
    if not _passed(pod, inits[reached], seen.latest(inits[reached]["name"]), verdicts, actions):
        return False
    if reached + 1 < len(inits):
        actions.start_init.append(inits[reached + 1]["name"])
        return False
    return True


def _passed(
    pod: Object, one: Object, latest: ContainerRecord | None, verdicts: Verdicts, actions: Actions
) -> bool:
    """Whether the furthest init container lets the next one start."""
    if parts.is_sidecar(one):
        return _keep_sidecar(one, latest, verdicts, actions)
    if latest is None or latest.state in (State.CREATED, State.UNKNOWN):
        if latest is not None and latest.state is State.UNKNOWN:
            actions.kill.append(Kill(latest, f"Init container {one['name']} is in unknown state"))
        actions.start_init.append(one["name"])
        return False
    if latest.state is State.RUNNING:
        return False
    if latest.exit_code == 0:
        return True
    if parts.restarts_on_failure(pod):
        actions.start_init.append(one["name"])
    else:
        actions.end_pod, actions.start_init = True, []
    return False


def _keep_sidecar(one: Object, latest: ContainerRecord | None, verdicts: Verdicts, actions: Actions) -> bool:
    """Start it where it does not run. True once it has started, as its startup probe says."""
    if latest is None or latest.state is not State.RUNNING:
        actions.start_init.append(one["name"])
        return False
    started = verdicts.startup(latest.id) if one.get("startupProbe") else Verdict.SUCCESS
    if started is Verdict.FAILURE:
        _restart(one, latest, "startup", actions)
    elif verdicts.liveness(latest.id) is Verdict.FAILURE:
        _restart(one, latest, "liveness", actions)
    return started is Verdict.SUCCESS


def _restart(one: Object, latest: ContainerRecord, probe: str, actions: Actions) -> None:
    actions.kill.append(Kill(latest, f"Init container {one['name']} failed {probe} probe"))
    actions.start_init.append(one["name"])


def _main(pod: Object, seen: Observed, verdicts: Verdicts, actions: Actions) -> None:
    kept = 0
    for one in parts.containers(pod):
        latest = seen.latest(one["name"])
        if latest is None or latest.state is not State.RUNNING:
            if parts.restarts(pod, one, latest):
                actions.start.append(one["name"])
                if latest is not None and latest.state is State.UNKNOWN:
                    why = f"Container is in {latest.state.value} state, try killing it before restart"
                    actions.kill.append(Kill(latest, why))
            continue
        why, again = _must_end(pod, one, latest, verdicts)
        if not why:
            kept += 1
            continue
        if again:
            why += ", will be restarted"
            actions.start.append(one["name"])
        actions.kill.append(Kill(latest, why))
    if not kept and not actions.start:
        actions.end_pod, actions.start_init = True, []


def _must_end(pod: Object, one: Object, latest: ContainerRecord, verdicts: Verdicts) -> tuple[str, bool]:
    """Why a running container is to be killed, "" if it is not; and whether it is started again."""
    again = parts.restarts_on_failure(pod)
    if latest.hash != container_hash(one):
        return f"Container {one['name']} definition changed", True
    if verdicts.liveness(latest.id) is Verdict.FAILURE:
        return f"Container {one['name']} failed liveness probe", again
    if verdicts.startup(latest.id) is Verdict.FAILURE:
        return f"Container {one['name']} failed startup probe", again
    return "", again
