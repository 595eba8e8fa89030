"""Where pods go, and in which words it is said why they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hythe.kube.objects.types import Object
from hythe.kube.scheduler.budgets import violating
from hythe.kube.scheduler.placement import FILTERS, Placement, place
from hythe.kube.scheduler.preemption import evict
from hythe.kube.scheduler.requests import requested
from hythe.kube.scheduler.state import PodInfo, State


def node(name: str, cpu: str = "4", memory: str = "8Gi", pods: str = "110", **labels: str) -> Object:
    carried = {"kubernetes.io/hostname": name, **labels}
    room = {"cpu": cpu, "memory": memory, "pods": pods}
    return {"metadata": {"name": name, "labels": carried}, "spec": {}, "status": {"allocatable": room}}


def pod(name: str = "p", cpu: str = "", labels: dict[str, str] | None = None, **spec: Any) -> Object:
    requests = {"cpu": cpu} if cpu else {}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    meta = {"name": name, "namespace": "shop", "uid": name, "labels": labels or {}}
    return {"metadata": meta, "spec": {"containers": containers, **spec}}


def state(*nodes: Object, **placed: list[Object]) -> State:
    """`placed`: pods by node."""
    made = State()
    for each in nodes:
        made.put_node(each)
    for name, pods in placed.items():
        for each in pods:
            made.place(PodInfo(each), name)
    return made


def placed(at: State, body: Object) -> Placement:
    return place(PodInfo(body), at)


def term(topology: str, **labels: str) -> Object:
    selected = {"labelSelector": {"matchLabels": labels}, "topologyKey": topology}
    return {"requiredDuringSchedulingIgnoredDuringExecution": [selected]}


def test_requests_are_of_the_greediest_moment() -> None:
    def container(cpu: str, restart: str = "") -> Object:
        made: Object = {"resources": {"requests": {"cpu": cpu}}}
        return made | ({"restartPolicy": restart} if restart else {})

    body = pod(overhead={"cpu": "50m"})
    body["spec"]["containers"] = [container("100m"), container("200m")]
    assert requested(body) == {"cpu": 350}
    body["spec"]["initContainers"] = [container("1"), container("100m", "Always"), container("800m")]
    assert requested(body) == {"cpu": 1050}
    body["spec"]["initContainers"][0] = container("10m")
    assert requested(body) == {"cpu": 950}


def test_no_nodes_and_too_little_room_are_said_in_kubernetes_words() -> None:
    assert placed(state(), pod()).message == "no nodes available to schedule pods"
    tight = state(
        node("a", cpu="1"), node("b", cpu="1", pods="0"), node("c"),
        c=[pod(f"x{number}", cpu="1") for number in range(4)],
    )  # fmt: skip
    refused = placed(tight, pod(cpu="2"))
    assert refused.node == ""
    assert refused.message == "0/3 nodes are available: 1 Too many pods, 3 Insufficient cpu."


def test_taints_cordons_and_selectors_are_said_in_kubernetes_words() -> None:
    cordoned, tainted, other = node("a"), node("b"), node("c")
    cordoned["spec"]["unschedulable"] = True
    tainted["spec"]["taints"] = [{"key": "gpu", "value": "x", "effect": "NoSchedule"}]
    refused = placed(state(cordoned, tainted, other), pod(nodeSelector={"disk": "ssd"}))
    assert refused.message == (
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint {gpu: x}, 1 node(s) were unschedulable."
    )


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [({"key": "gpu", "operator": "Exists"}, True), ({"operator": "Exists"}, True),
     ({"key": "gpu", "value": "x"}, True), ({"key": "gpu", "value": "y"}, False),
     ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False), ({"key": "other"}, False)],
)  # fmt: skip
def test_a_toleration_lets_a_pod_onto_a_tainted_node(toleration: Object, fits: bool) -> None:
    tainted = node("b")
    tainted["spec"]["taints"] = [{"key": "gpu", "value": "x", "effect": "NoSchedule"}]
    assert bool(placed(state(tainted), pod(tolerations=[toleration])).node) == fits


def test_node_affinity_requires_and_prefers() -> None:
    at = state(node("a", zone="1", rank="5"), node("b", zone="2", rank="50"), node("c"))

    def required(*expressions: Object) -> Object:
        terms = {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}

    greater = {"key": "rank", "operator": "Gt", "values": ["10"]}
    assert placed(at, pod(affinity=required(greater))).node == "b"
    absent = {"key": "zone", "operator": "DoesNotExist"}
    assert placed(at, pod(affinity=required(absent))).node == "c"
    preference = {"weight": 80, "preference": {"matchExpressions": [greater]}}
    wish = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}}
    assert placed(at, pod(affinity=wish)).node == "b"
    by_name = {
        "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["c"]}]}]
    }
    chosen = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": by_name}}
    assert placed(at, pod(affinity=chosen)).node == "c"


def test_host_ports_do_not_collide_but_on_different_addresses() -> None:
    def with_port(name: str, address: str = "") -> Object:
        made = pod(name)
        made["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 80, "hostIP": address}]
        return made

    at = state(node("a"), a=[with_port("x", "127.0.0.1")])
    assert placed(at, with_port("y", "10.0.0.1")).node == "a"
    refused = placed(at, with_port("z"))
    assert "1 node(s) didn't have free ports for the requested pod ports" in refused.message


def test_pods_go_near_their_friends_and_the_first_may_go_anywhere() -> None:
    nodes = node("a", zone="1"), node("b", zone="2"), node("c", zone="2")
    near = {"podAffinity": term("zone", app="db")}
    assert placed(state(*nodes), pod(affinity=near)).message == (
        "0/3 nodes are available: 3 node(s) didn't match pod affinity rules."
    )
    assert placed(state(*nodes, a=[pod("x", labels={"app": "db"})]), pod(affinity=near)).node == "a"
    assert placed(state(*nodes), pod(labels={"app": "db"}, affinity=near)).node
    elsewhere = pod("x", labels={"app": "db"})
    elsewhere["metadata"]["namespace"] = "other"
    assert placed(state(*nodes, a=[elsewhere]), pod(affinity=near)).node == ""


def test_pods_keep_away_from_their_rivals_in_both_directions() -> None:
    far = {"podAntiAffinity": term("kubernetes.io/hostname", app="web")}
    rival = pod("x", labels={"app": "web"}, affinity=far)
    one = state(node("a"), a=[rival])
    mine = placed(one, pod("y", affinity=far))
    assert mine.message == "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."
    theirs = placed(one, pod("y", labels={"app": "web"}))
    assert theirs.message == (
        "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."
    )
    assert placed(state(node("a"), node("b"), a=[rival]), pod("y", labels={"app": "web"})).node == "b"


def test_wishes_for_company_are_heard_from_both_sides() -> None:
    def wishing(kind: str, **labels: str) -> Object:
        wish = {"labelSelector": {"matchLabels": labels}, "topologyKey": "zone"}
        return {
            kind: {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": wish}]
            }
        }

    nodes = node("a", zone="1"), node("b", zone="2")
    at = state(*nodes, a=[pod("db", labels={"app": "db"})])
    assert placed(at, pod("near", affinity=wishing("podAffinity", app="db"))).node == "a"
    assert placed(at, pod("far", affinity=wishing("podAntiAffinity", app="db"))).node == "b"
    host = pod("host", labels={"app": "host"}, affinity=wishing("podAffinity", app="guest"))
    at = state(*nodes, b=[host])
    assert placed(at, pod("guest", labels={"app": "guest"})).node == "b"
    at.remove("shop/host")
    at.place(PodInfo(pod("filler", cpu="3")), "b")
    assert placed(at, pod("guest", labels={"app": "guest"})).node == "a"


def test_hard_spread_keeps_within_the_skew() -> None:
    labels = {"app": "web"}
    spread = [
        {
            "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": labels},
        }
    ]  # fmt: skip
    nodes = node("a", zone="1"), node("b", zone="2")
    at = state(*nodes, a=[pod("x", labels=labels)])
    assert placed(at, pod("y", labels=labels, topologySpreadConstraints=spread)).node == "b"
    at.nodes["b"].node["spec"]["unschedulable"] = True
    refused = placed(at, pod("y", labels=labels, topologySpreadConstraints=spread))
    assert refused.message == (
        "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable."
    )
    unlabelled = placed(state(node("a")), pod("y", labels=labels, topologySpreadConstraints=spread))
    assert "(missing required label)" in unlabelled.message


def test_pods_of_one_controller_are_spread_and_empty_nodes_are_liked() -> None:
    at = state(*(node(f"n{number}") for number in range(5)))
    owner = [{"uid": "rs", "controller": True}]
    for number in range(10):
        body = pod(f"p{number}")
        body["metadata"]["ownerReferences"] = owner
        at.place(PodInfo(body), placed(at, body).node)
    assert sorted(len(each.pods) for each in at.nodes.values()) == [2, 2, 2, 2, 2]


def test_room_counts_from_the_moment_a_pod_is_placed_until_it_goes() -> None:
    at = state(node("a", cpu="1"))
    first = PodInfo(pod("x", cpu="800m"))
    at.place(first, "a")
    assert placed(at, pod("y", cpu="300m")).node == ""
    at.place(first, "a")
    assert at.remove("shop/x")
    assert placed(at, pod("y", cpu="1")).node == "a"
    assert not at.remove("shop/x")


def test_pods_that_are_heard_of_before_their_node_count_on_it() -> None:
    at = State()
    at.place(PodInfo(pod("x", cpu="800m")), "a")
    at.put_node(node("a", cpu="1"))
    assert placed(at, pod("y", cpu="300m")).node == ""


def test_the_least_important_victims_are_chosen_and_no_more_than_needed() -> None:
    at = state(
        node("a", cpu="2"), node("b", cpu="2"),
        a=[pod("a1", cpu="1", priority=5), pod("a2", cpu="1", priority=1)],
        b=[pod("b1", cpu="2", priority=9)],
    )  # fmt: skip
    wanted = PodInfo(pod("new", cpu="1", priority=10))
    failed = place(wanted, at)
    assert failed.node == ""
    chosen = evict(wanted, at, failed, FILTERS)
    assert (chosen.node, [each.key for each in chosen.victims]) == ("a", ["shop/a2"])
    at.nominated[wanted.key] = ("a", wanted)
    at.remove("shop/a2")
    assert placed(at, pod("late", cpu="1")).node == ""  # the room is kept for who had it made
    assert placed(at, wanted.pod).node == "a"


def test_pods_of_a_budget_are_spared_where_others_will_do() -> None:
    budget = {
        "metadata": {"namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "db"}}},
        "status": {"disruptionsAllowed": 1},
    }  # fmt: skip

    def protected(pods: Sequence[PodInfo]) -> set[str]:
        return violating([budget], pods)

    db = {"app": "db"}
    at = state(
        node("a", cpu="2"), node("b", cpu="2"),
        a=[pod("a1", cpu="1", priority=1, labels=db), pod("a2", cpu="1", priority=1, labels=db)],
        b=[pod("b1", cpu="2", priority=5)],
    )  # fmt: skip
    wanted = PodInfo(pod("new", cpu="2", priority=10))
    failed = place(wanted, at)
    assert evict(wanted, at, failed, FILTERS).node == "a"  # of the lesser priority, if nobody protected them
    assert evict(wanted, at, failed, FILTERS, protected).node == "b"
    at.remove("shop/b1")
    at.place(PodInfo(pod("b2", cpu="1", priority=1)), "b")
    at.place(PodInfo(pod("b3", cpu="1", priority=1, labels=db)), "b")
    budget["status"] = {"disruptionsAllowed": 0}
    small = PodInfo(pod("new", cpu="1", priority=10))
    chosen = evict(small, at, place(small, at), FILTERS, protected)
    assert [each.key for each in chosen.victims] == ["shop/b2"]


def test_where_no_eviction_helps_that_is_said() -> None:
    at = state(node("a", cpu="1"), node("b"), b=[pod("x", cpu="4", priority=100)])
    wanted = PodInfo(pod("new", cpu="3", priority=10))
    nothing = evict(wanted, at, place(wanted, at), FILTERS)
    assert nothing.node == ""
    assert nothing.message == (
        "0/2 nodes are available: 1 No preemption victims found for incoming pod, "
        "1 Preemption is not helpful for scheduling."
    )
    never = PodInfo(pod("new", cpu="3", priority=200, preemptionPolicy="Never"))
    assert (
        evict(never, at, place(never, at), FILTERS).message == "not eligible due to preemptionPolicy=Never."
    )
