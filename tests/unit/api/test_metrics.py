"""Prometheus' text format as its own parser reads it, and requests that become figures."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hythe.api.docker.routing import Router
from hythe.api.docker.table import ROUTES
from hythe.api.metrics.exposition import BOUNDS, Family, Histogram, Sample, gauge, text
from hythe.api.metrics.requests import ACTIONS, LASTING, Requests
from hythe.daemon.config import host_and_port
from hythe.errors import InvalidArgument


def read(families: list[Family]) -> dict[str, list[Any]]:
    return {family.name: list(family.samples) for family in text_string_to_metric_families(text(families))}


def test_values_and_labels_come_back_as_they_were() -> None:
    odd = 'a"b\\c\nd{}, =\té'
    (sample,) = read([gauge("some_thing", "What \\ it\nis.", 1.25, label=odd)])["some_thing"]
    assert (sample.value, sample.labels) == (1.25, {"label": odd})
    values = [0.0, 3.0, 1e18, 0.1 + 0.2, 1764288000.123456, -2.5]
    found = read(
        [Family("v", "gauge", "V.", [Sample(value, {"n": str(n)}) for n, value in enumerate(values)])]
    )["v"]
    assert [each.value for each in found] == values


def test_a_family_without_samples_is_left_out() -> None:
    assert text([Family("none", "gauge", "None.", [])]) == ""


def test_buckets_are_cumulative() -> None:
    histogram = Histogram()
    for seconds in (0.001, 0.005, 0.02, 0.3, 99):
        histogram.observe(seconds)
    samples = read([Family("took", "histogram", "Took.", histogram.samples({"a": "b"}))])["took"]
    buckets = {each.labels["le"]: each.value for each in samples if each.name == "took_bucket"}
    assert len(buckets) == len(BOUNDS) + 1
    assert [buckets[bound] for bound in ("0.005", "0.025", "0.25", "0.5", "10", "+Inf")] == [2, 3, 3, 4, 4, 5]
    assert {each.name: each.value for each in samples if "le" not in each.labels} == {
        "took_sum": pytest.approx(99.326), "took_count": 5,
    }  # fmt: skip


def test_requests_are_known_by_their_routes() -> None:
    requests, router = Requests(), Router(ROUTES)
    for method, path, status in (
        ("POST", "/containers/a/start", 204), ("POST", "/containers/b/start", 404), ("GET", "/events", 200),
        ("BREW", "/made/up", 404), ("BREW", "/made/up/2", 404),
    ):  # fmt: skip
        found = router.find(method, path)
        requests.observe(method, found[0] if found else None, status, 0.02)
    families = read(list(requests.families()))
    totals = {
        (each.labels["method"], each.labels["route"], each.labels["code"]): each.value
        for each in families["hythe_http_requests"]
    }
    assert totals == {
        ("POST", "/containers/{ref}/start", "204"): 1, ("POST", "/containers/{ref}/start", "404"): 1,
        ("GET", "/events", "200"): 1, ("", "", "404"): 2,
    }  # fmt: skip
    assert {each.labels["route"] for each in families["hythe_http_request_duration_seconds"]} == {
        "/containers/{ref}/start"
    }
    actions = {
        each.labels["action"]: each.value
        for each in families["engine_daemon_container_actions_seconds"]
        if each.name.endswith("_count")
    }
    assert actions == {"changes": 0, "commit": 0, "create": 0, "delete": 0, "start": 1}


def test_the_routes_that_are_named_exist() -> None:
    known = {(route.method, route.pattern) for route in ROUTES}
    assert set(ACTIONS) <= known
    assert {pattern for _, pattern in known} >= LASTING


def test_addresses() -> None:
    assert host_and_port("127.0.0.1:9323") == ("127.0.0.1", 9323)
    assert host_and_port("[::1]:9323") == ("::1", 9323)
    for wrong in ("9323", "127.0.0.1", "localhost:9323", "127.0.0.1:0", "127.0.0.1:99999", ":9323"):
        with pytest.raises(InvalidArgument, match="metrics-addr"):
            host_and_port(wrong)
