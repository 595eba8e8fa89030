"""The cluster as the scheduler sees it: nodes with the pods on them, and what those use.

A pod that has been given a node is `assumed` here at once, before the API server knows it, so the next pod finds its
place taken; the informer's news of the binding confirms it, a failed binding takes it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from hythe.kube.client.cache import key_of
from hythe.kube.objects.types import Object
from hythe.kube.scheduler.requests import Amounts, amounts, requested, requested_to_score

Port = tuple[str, str, int]
"""(host address, protocol, number)"""

_ANY: Final = ("", "0.0.0.0", "::")


class PodInfo:
    """A pod with what is asked about it again and again."""

    __slots__ = (
        "affinity", "anti_affinity", "key", "labels", "namespace", "owner", "pod", "ports", "priority",
        "requests", "usual",
    )  # fmt: skip

    def __init__(self, pod: Object) -> None:
        spec, meta = pod["spec"], pod["metadata"]
        self.pod = pod
        self.key = key_of(pod)
        self.namespace: str = meta.get("namespace", "")
        self.labels: dict[str, str] = meta.get("labels") or {}
        self.priority = int(spec.get("priority") or 0)
        self.requests = requested(pod)
        self.usual = requested_to_score(pod)
        self.ports = host_ports(pod)
        self.owner = _controller(meta)
        affinity = spec.get("affinity") or {}
        self.affinity: Object = affinity.get("podAffinity") or {}
        self.anti_affinity: Object = affinity.get("podAntiAffinity") or {}


class NodeInfo:
    """A node, the pods on it, and what they use together."""

    __slots__ = ("allocatable", "labels", "name", "node", "owners", "pods", "ports", "requests", "usual")

    def __init__(self, node: Object) -> None:
        self.pods: dict[str, PodInfo] = {}
        self.requests: Amounts = {}
        self.usual: Amounts = {}
        self.ports: dict[Port, int] = {}
        self.owners: Counter[str] = Counter()
        """Pods by the uid of their controller, "" among them."""
        self.replace(node)

    def replace(self, node: Object) -> None:
        """The same node, changed."""
        self.node = node
        self.name: str = node["metadata"]["name"]
        self.labels: dict[str, str] = node["metadata"].get("labels") or {}
        status = node.get("status") or {}
        self.allocatable = amounts(status.get("allocatable") or status.get("capacity"))

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.key] = pod
        _count(self.requests, pod.requests, 1)
        _count(self.usual, pod.usual, 1)
        self.owners[pod.owner] += 1
        for port in pod.ports:
            self.ports[port] = self.ports.get(port, 0) + 1

    def remove(self, key: str) -> None:
        pod = self.pods.pop(key, None)
        if pod is None:
            return
        _count(self.requests, pod.requests, -1)
        _count(self.usual, pod.usual, -1)
        self.owners[pod.owner] -= 1
        if not self.owners[pod.owner]:
            del self.owners[pod.owner]
        for port in pod.ports:
            self.ports[port] -= 1
            if not self.ports[port]:
                del self.ports[port]

    def copy(self) -> NodeInfo:
        """To try something out on."""
        other = NodeInfo(self.node)
        for pod in self.pods.values():
            other.add(pod)
        return other


class State:
    """All nodes. `namespaces`: labels by name, for affinity terms that select namespaces."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.namespaces: dict[str, dict[str, str]] = {}
        self.repelling: dict[str, PodInfo] = {}
        """Pods with required anti-affinity terms, which are asked about every new pod."""
        self.social: dict[str, PodInfo] = {}
        """Pods with any wish about others, which are asked when nodes are scored."""
        self.nominated: dict[str, tuple[str, PodInfo]] = {}
        """By pod: the node on which others were evicted for it."""
        self._where: dict[str, str] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}

    def put_node(self, node: Object) -> None:
        name = node["metadata"]["name"]
        if name in self.nodes:
            self.nodes[name].replace(node)
            return
        info = self.nodes[name] = NodeInfo(node)
        for pod in self._homeless.pop(name, {}).values():  # their news came before the node's
            info.add(pod)

    def remove_node(self, name: str) -> None:
        info = self.nodes.pop(name, None)
        if info is not None and info.pods:
            self._homeless[name] = dict(info.pods)

    def place(self, pod: PodInfo, node: str) -> None:
        """Put a pod on a node: assumed, or known; twice does nothing more."""
        self.remove(pod.key)
        self._where[pod.key] = node
        if pod.anti_affinity.get("requiredDuringSchedulingIgnoredDuringExecution"):
            self.repelling[pod.key] = pod
        if pod.affinity or pod.anti_affinity:
            self.social[pod.key] = pod
        if node in self.nodes:
            self.nodes[node].add(pod)
        else:
            self._homeless.setdefault(node, {})[pod.key] = pod

    def remove(self, key: str) -> bool:
        """Take a pod off its node; was it on one?"""
        node = self._where.pop(key, None)
        self.repelling.pop(key, None)
        self.social.pop(key, None)
        if node is None:
            return False
        if node in self.nodes:
            self.nodes[node].remove(key)
        homeless = self._homeless.get(node, {})
        homeless.pop(key, None)
        if not homeless:
            self._homeless.pop(node, None)
        return True

    def node_of(self, key: str) -> str:
        """ "" for a pod that is on none."""
        return self._where.get(key, "")

    def with_node(self, info: NodeInfo) -> State:
        """A view in which one node is as `info` has it; the rest is shared, and must not be changed."""
        view = State()
        view.nodes = {**self.nodes, info.name: info}
        view.namespaces = self.namespaces
        gone = self.nodes[info.name].pods.keys() - info.pods.keys()
        view.repelling = {key: pod for key, pod in self.repelling.items() if key not in gone}
        view._where = self._where
        return view

    def nominated_on(self, node: str, priority: int, but: str) -> list[PodInfo]:
        """Pods of at least this priority for which the node is kept."""
        return [
            pod for key, (name, pod) in self.nominated.items()
            if name == node and key != but and pod.priority >= priority
        ]  # fmt: skip


def _controller(meta: Object) -> str:
    owners = meta.get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each.get("controller")), "")


def host_ports(pod: Object) -> tuple[Port, ...]:
    spec = pod["spec"]
    containers: Iterable[Object] = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return tuple(
        (str(port.get("hostIP", "")), str(port.get("protocol", "TCP")), int(port["hostPort"]))
        for container in containers
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


def ports_collide(one: Port, other: Port) -> bool:
    """All addresses collide with each one."""
    if one[1:] != other[1:]:
        return False
    return one[0] == other[0] or one[0] in _ANY or other[0] in _ANY


def _count(total: Amounts, change: Amounts, sign: int) -> None:
    for name, value in change.items():
        total[name] = total.get(name, 0) + sign * value
