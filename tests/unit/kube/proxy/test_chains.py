"""The rules a Service port makes, and the transaction between two states of them."""

from __future__ import annotations

from typing import Any

from hythe.kube.proxy.chains import Lead, Place, Rules, rules_of
from hythe.kube.proxy.claims import Claims
from hythe.kube.proxy.services import Endpoint, ServicePort
from hythe.kube.proxy.state import State
from hythe.kube.proxy.table import difference, networks

HERE, THERE = Endpoint("10.240.0.2", 8080, True), Endpoint("10.240.1.2", 8080)
CLUSTER = Place("services", "10.96.0.7", "tcp", 80)
NODE_PORT = Place("node_ports", "", "tcp", 30080)


def port(*endpoints: Endpoint, **values: Any) -> ServicePort:
    basis: dict[str, Any] = {
        "namespace": "shop", "name": "web", "protocol": "tcp", "port": 80, "cluster": ("10.96.0.7",),
        "endpoints": endpoints, "local_endpoints": tuple(each for each in endpoints if each.local),
    }  # fmt: skip
    return ServicePort(**{**basis, **values})


def test_one_of_all_endpoints_is_chosen_by_a_shared_chain() -> None:
    rules = rules_of([port(HERE, THERE)])
    assert rules.leads == {CLUSTER: Lead("goto pick/tcp/2", ("10.240.0.2 . 8080", "10.240.1.2 . 8080"))}
    assert rules.chains == {}
    (choose,) = rules.shared["pick/tcp/2"]
    assert choose.endswith("ip daddr . tcp dport . numgen random mod 2 map @tcp_targets")


def test_without_endpoints_it_is_refused() -> None:
    rules = rules_of([port(node_port=30080, external=("192.0.2.9",))])
    assert rules.chains == {}
    refused = Lead("goto refuse", absent=True)
    assert rules.leads == {
        CLUSTER: refused,
        Place("services", "192.0.2.9", "tcp", 80): refused,
        NODE_PORT: refused,
    }


def test_traffic_from_outside_is_marked_unless_it_must_stay_here() -> None:
    spread = rules_of([port(HERE, node_port=30080, external=("192.0.2.9",))])
    assert spread.leads[NODE_PORT].verdict == "goto node/tcp/1"
    assert spread.leads[Place("services", "192.0.2.9", "tcp", 80)].verdict == "goto outside/tcp/1"
    assert spread.shared["node/tcp/1"][0] == spread.shared["outside/tcp/1"][0] == "jump to_masquerade"
    kept = rules_of([port(HERE, THERE, node_port=30080, external_local=True)])
    assert kept.chains["ext/shop/web/tcp/80"] == (
        "ip saddr @pods goto all/shop/web/tcp/80",
        "fib saddr type local goto own/shop/web/tcp/80",
        "goto loc/shop/web/tcp/80",
    )
    assert "10.240.1.2" not in str(kept.chains["loc/shop/web/tcp/80"])
    assert "10.240.1.2" in str(kept.chains["all/shop/web/tcp/80"])


def test_local_policy_without_a_local_endpoint_drops() -> None:
    rules = rules_of([port(THERE, node_port=30080, external_local=True, internal_local=True)])
    dropped = Lead("drop", absent=True)
    assert rules.leads == {CLUSTER: dropped, NODE_PORT: dropped}


def test_internal_policy_does_not_restrict_what_comes_from_outside() -> None:
    rules = rules_of([port(HERE, THERE, node_port=30080, internal_local=True)])
    assert rules.leads[CLUSTER].targets == ("10.240.0.2 . 8080",)
    assert rules.leads[NODE_PORT].targets == ("10.240.0.2 . 8080", "10.240.1.2 . 8080")


def test_only_named_networks_may_use_the_load_balancer() -> None:
    rules = rules_of([port(HERE, node_port=30080, balanced=("192.0.2.2",), sources=("198.51.100.0/24",))])
    place = Place("services", "192.0.2.2", "tcp", 80)
    assert rules.leads[place] == Lead("goto lb/shop/web/tcp/80/0", ("10.240.0.2 . 8080",))
    assert rules.chains["lb/shop/web/tcp/80/0"] == (
        "ip saddr { 198.51.100.0/24 } goto outside/tcp/1",
        "drop",
    )
    assert rules.leads[NODE_PORT].verdict == "goto node/tcp/1"


def test_affinity_remembers_clients_for_each_endpoint() -> None:
    rules = rules_of([port(HERE, THERE, affinity=60)])
    assert rules.sets == {
        "aff/shop/web/tcp/80/10.240.0.2_8080": 60,
        "aff/shop/web/tcp/80/10.240.1.2_8080": 60,
    }
    assert rules.leads[CLUSTER] == Lead("goto svc/shop/web/tcp/80")
    assert rules.chains["svc/shop/web/tcp/80"][0] == (
        "ip saddr @aff/shop/web/tcp/80/10.240.0.2_8080 goto ep/shop/web/tcp/80/10.240.0.2_8080"
    )


def test_a_further_endpoint_is_two_elements() -> None:
    commands = difference("t", rules_of([port(HERE)]), rules_of([port(HERE, THERE)]), ["pick/tcp/2"])
    assert commands == [
        "delete element ip t services { 10.96.0.7 . tcp . 80 }",
        "add element ip t services { 10.96.0.7 . tcp . 80 : goto pick/tcp/2 }",
        "add element ip t tcp_targets { 10.96.0.7 . 80 . 1 : 10.240.1.2 . 8080 }",
    ]


def test_a_shared_chain_is_made_for_the_first_that_needs_it() -> None:
    commands = difference("t", Rules(), rules_of([port(HERE)]))
    assert commands[0] == "add chain ip t pick/tcp/1"
    assert commands[1].startswith("add rule ip t pick/tcp/1 ")


def test_no_change_is_no_command() -> None:
    assert difference("t", rules_of([port(HERE)]), rules_of([port(HERE)])) == []


def test_the_last_endpoint_goes() -> None:
    assert difference("t", rules_of([port(HERE)]), rules_of([port()])) == [
        "delete element ip t services { 10.96.0.7 . tcp . 80 }",
        "delete element ip t tcp_targets { 10.96.0.7 . 80 . 0 }",
        "add element ip t absent_services { 10.96.0.7 . tcp . 80 : goto refuse }",
    ]


def test_networks_change_by_what_differs() -> None:
    assert networks("t", "pods", ["10.240.0.0/16"], ["10.241.0.0/16"]) == [
        "delete element ip t pods { 10.240.0.0/16 }",
        "add element ip t pods { 10.241.0.0/16 }",
    ]


def test_of_two_with_one_address_the_first_has_it_until_it_lets_go() -> None:
    claims = Claims()
    place = Place("services", "192.0.2.9", "tcp", 80)
    first, second = ("shop", "a"), ("shop", "b")
    assert claims.settle(first, Rules(leads={place: Lead("accept")})) == (set(), [])
    late = Rules(leads={place: Lead("drop")})
    assert claims.settle(second, late) == (set(), [(place, first)])
    assert late.leads == {}
    assert claims.settle(first, Rules()) == ({second}, [])
    again = Rules(leads={place: Lead("goto refuse", absent=True)})
    assert claims.settle(second, again) == (set(), [])
    assert again.leads


def test_the_state_tells_which_udp_flows_to_look_at() -> None:
    known = {("shop", "web"): [port(HERE, protocol="udp", port=53, node_port=30053)]}
    state = State("t", lambda key: known.get(key, []))
    change = state.changes([("shop", "web")])
    assert change.flows == {
        ("10.96.0.7", 53): {("10.240.0.2", 8080)},
        ("", 30053): {("10.240.0.2", 8080)},
    }
    assert state.changes([("shop", "web")]).flows == {}
    known.clear()
    gone = state.changes([("shop", "web")])
    assert gone.flows == {("10.96.0.7", 53): (), ("", 30053): ()}
    assert len(gone.commands) == 4


def test_a_place_that_is_let_go_is_taken_by_the_one_who_waits_in_the_same_transaction() -> None:
    wanted = port(HERE, external=("192.0.2.9",))
    other = port(HERE, name="other", cluster=("10.96.0.8",), external=("192.0.2.9",))
    known = {("shop", "web"): [wanted], ("shop", "other"): [other]}
    state = State("t", lambda key: known.get(key, []))
    first = state.changes(known)
    assert [(who, owner) for who, _, owner in first.refused] == [(("shop", "other"), ("shop", "web"))]
    del known["shop", "web"]
    commands = state.changes([("shop", "web")]).commands
    assert any(each.startswith("add element ip t services { 192.0.2.9") for each in commands)
