"""The rules a Service port makes, and the transaction between two states of them."""

from __future__ import annotations

from typing import Any

from hythe.kube.proxy.chains import Rules, rules_of
from hythe.kube.proxy.claims import Claims
from hythe.kube.proxy.services import Endpoint, ServicePort
from hythe.kube.proxy.table import difference, networks

HERE, THERE = Endpoint("10.240.0.2", 8080, True), Endpoint("10.240.1.2", 8080)


def port(*endpoints: Endpoint, **values: Any) -> ServicePort:
    basis: dict[str, Any] = {
        "namespace": "shop", "name": "web", "protocol": "tcp", "port": 80, "cluster": ("10.96.0.7",),
        "endpoints": endpoints, "local_endpoints": tuple(each for each in endpoints if each.local),
    }  # fmt: skip
    return ServicePort(**{**basis, **values})


def test_one_rule_chooses_among_all_endpoints() -> None:
    rules = rules_of([port(HERE, THERE)])
    assert rules.elements == {("services", "10.96.0.7 . tcp . 80"): "goto svc/shop/web/tcp/80"}
    assert rules.chains == {
        "svc/shop/web/tcp/80": (
            "meta l4proto tcp dnat ip to numgen random mod 2 map "
            "{ 0 : 10.240.0.2 . 8080, 1 : 10.240.1.2 . 8080 }",
        )
    }


def test_without_endpoints_it_is_refused() -> None:
    rules = rules_of([port(node_port=30080, external=("192.0.2.9",))])
    assert rules.chains == {}
    assert rules.elements == {
        ("absent_services", "10.96.0.7 . tcp . 80"): "goto refuse",
        ("absent_services", "192.0.2.9 . tcp . 80"): "goto refuse",
        ("absent_node_ports", "tcp . 30080"): "goto refuse",
    }


def test_traffic_from_outside_is_marked_unless_it_must_stay_here() -> None:
    spread = rules_of([port(HERE, node_port=30080)])
    assert spread.chains["ext/shop/web/tcp/80"] == ("jump mark", "goto svc/shop/web/tcp/80")
    kept = rules_of([port(HERE, THERE, node_port=30080, external_local=True)])
    assert kept.chains["ext/shop/web/tcp/80"] == (
        "ip saddr @pods goto svc/shop/web/tcp/80",
        "fib saddr type local goto own/shop/web/tcp/80",
        "goto loc/shop/web/tcp/80",
    )
    assert "10.240.1.2" not in str(kept.chains["loc/shop/web/tcp/80"])


def test_local_policy_without_a_local_endpoint_drops() -> None:
    rules = rules_of([port(THERE, node_port=30080, external_local=True, internal_local=True)])
    assert rules.elements == {
        ("absent_services", "10.96.0.7 . tcp . 80"): "drop",
        ("absent_node_ports", "tcp . 30080"): "drop",
    }


def test_internal_policy_does_not_restrict_what_comes_from_outside() -> None:
    rules = rules_of([port(HERE, THERE, node_port=30080, internal_local=True)])
    assert "10.240.1.2" not in str(rules.chains["svc/shop/web/tcp/80"])
    assert rules.chains["ext/shop/web/tcp/80"] == ("jump mark", "goto all/shop/web/tcp/80")
    assert "10.240.1.2" in str(rules.chains["all/shop/web/tcp/80"])


def test_only_named_networks_may_use_the_load_balancer() -> None:
    rules = rules_of([port(HERE, node_port=30080, balanced=("192.0.2.2",), sources=("198.51.100.0/24",))])
    assert rules.elements["services", "192.0.2.2 . tcp . 80"] == "goto lb/shop/web/tcp/80"
    assert rules.chains["lb/shop/web/tcp/80"] == (
        "ip saddr { 198.51.100.0/24 } goto ext/shop/web/tcp/80",
        "drop",
    )
    assert rules.elements["node_ports", "tcp . 30080"] == "goto ext/shop/web/tcp/80"


def test_affinity_remembers_clients_for_each_endpoint() -> None:
    rules = rules_of([port(HERE, THERE, affinity=60)])
    assert rules.sets == {
        "aff/shop/web/tcp/80/10.240.0.2_8080": 60,
        "aff/shop/web/tcp/80/10.240.1.2_8080": 60,
    }
    assert rules.chains["svc/shop/web/tcp/80"][0] == (
        "ip saddr @aff/shop/web/tcp/80/10.240.0.2_8080 goto ep/shop/web/tcp/80/10.240.0.2_8080"
    )


def test_a_change_of_endpoints_fills_one_chain_anew() -> None:
    commands = difference("t", rules_of([port(HERE)]), rules_of([port(HERE, THERE)]))
    assert [command.split("dnat")[0] for command in commands] == [
        "flush chain ip t svc/shop/web/tcp/80",
        "add rule ip t svc/shop/web/tcp/80 meta l4proto tcp ",
    ]


def test_no_change_is_no_command() -> None:
    assert difference("t", rules_of([port(HERE)]), rules_of([port(HERE)])) == []


def test_the_last_endpoint_goes() -> None:
    assert difference("t", rules_of([port(HERE)]), rules_of([port()])) == [
        "delete element ip t services { 10.96.0.7 . tcp . 80 }",
        "add element ip t absent_services { 10.96.0.7 . tcp . 80 : goto refuse }",
        "flush chain ip t svc/shop/web/tcp/80",
        "delete chain ip t svc/shop/web/tcp/80",
    ]


def test_networks_change_by_what_differs() -> None:
    assert networks("t", "pods", ["10.240.0.0/16"], ["10.241.0.0/16"]) == [
        "delete element ip t pods { 10.240.0.0/16 }",
        "add element ip t pods { 10.241.0.0/16 }",
    ]


def test_of_two_with_one_address_the_first_has_it_until_it_lets_go() -> None:
    claims = Claims()
    element = ("services", "192.0.2.9 . tcp . 80")
    first, second = ("shop", "a"), ("shop", "b")
    held = Rules(elements={element: "goto svc/a"})
    assert claims.settle(first, held) == (set(), [])
    late = Rules(elements={element: "goto svc/b"})
    assert claims.settle(second, late) == (set(), [(element, first)])
    assert late.elements == {}
    assert claims.settle(first, Rules()) == ({second}, [])
    again = Rules(elements={("absent_services", "192.0.2.9 . tcp . 80"): "goto refuse"})
    assert claims.settle(second, again) == (set(), [])
    assert again.elements
