"""Creation, changes and deletion: names, revisions, dry runs, grace, finalizers, subresources."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.outside.kube.api import Api, config_map, pod

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def test_names_are_generated_and_taken(api: Api, room: str) -> None:
    made = [
        api.ok("POST", f"{room}/configmaps", {"metadata": {"generateName": "c-"}})["metadata"]["name"]
        for _ in range(3)
    ]
    assert len(set(made)) == 3
    assert all(name.startswith("c-") and len(name) == 7 for name in made)
    again = api("POST", f"{room}/configmaps", config_map(made[0]))
    assert (again.code, again.body["reason"]) == (409, "AlreadyExists")
    assert again.body["message"] == f'configmaps "{made[0]}" already exists'


def test_a_client_cannot_choose_what_is_the_servers(api: Api, room: str) -> None:
    wanted = {"name": "one", "uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 9}
    made = api.ok("POST", f"{room}/pods", {**pod("one"), "metadata": wanted, "status": {"phase": "Running"}})
    assert made["metadata"]["uid"] != "mine"
    assert made["metadata"]["creationTimestamp"] > "2020"
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_an_update_must_come_after_what_it_read(api: Api, room: str) -> None:
    made = api.ok("POST", f"{room}/configmaps", config_map("one"))
    api.ok("PUT", f"{room}/configmaps/one", {**made, "data": {"a": "1"}})
    late = api("PUT", f"{room}/configmaps/one", {**made, "data": {"a": "2"}})
    assert (late.code, late.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in late.body["message"]
    same = api.ok("GET", f"{room}/configmaps/one")
    assert api.ok("PUT", f"{room}/configmaps/one", same)["metadata"] == same["metadata"]


def test_patches_at_once_all_count(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/configmaps", config_map("one"))

    def patch(index: int) -> int:
        body = {"data": {f"k{index}": "v"}}
        return api("PATCH", f"{room}/configmaps/one", body, kind=MERGE).code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(patch, range(24))) == {200}
    assert len(api.ok("GET", f"{room}/configmaps/one")["data"]) == 25


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (MERGE, {"data": {"c": "d"}}),
        (STRATEGIC, {"data": {"c": "d"}}),
        ("application/json-patch+json", [{"op": "add", "path": "/data/c", "value": "d"}]),
        ("application/apply-patch+yaml", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"c": "d"}}),
    ],
)
def test_every_kind_of_patch(api: Api, room: str, kind: str, body: Any) -> None:
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    done = api("PATCH", f"{room}/configmaps/one?fieldManager=me", body, kind=kind)
    assert done.code == 200, done
    assert done.body["data"] == {"a": "b", "c": "d"}


def test_a_patch_with_an_old_revision_conflicts(api: Api, room: str) -> None:
    made = api.ok("POST", f"{room}/configmaps", config_map("one"))
    api.ok("PATCH", f"{room}/configmaps/one", {"data": {"x": "y"}}, kind=MERGE)
    tied = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {"x": "z"}}
    assert api("PATCH", f"{room}/configmaps/one", tied, kind=MERGE).code == 409


def test_a_dry_run_changes_nothing(api: Api, room: str) -> None:
    made = api("POST", f"{room}/configmaps?dryRun=All", config_map("one"))
    assert (made.code, made.body["metadata"]["name"]) == (201, "one")
    assert api("GET", f"{room}/configmaps/one").code == 404
    api.ok("POST", f"{room}/configmaps", config_map("one"))
    api.ok("PATCH", f"{room}/configmaps/one?dryRun=All", {"data": {"x": "y"}}, kind=MERGE)
    api.ok("DELETE", f"{room}/configmaps/one?dryRun=All")
    assert api.ok("GET", f"{room}/configmaps/one")["data"] == {"a": "b"}
    assert api("POST", f"{room}/configmaps?dryRun=Some", config_map("two")).code == 422


def test_generation_counts_changes_of_the_spec_alone(api: Api, room: str) -> None:
    path = room.replace("/api/v1/", "/apis/apps/v1/") + "/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    api.ok("POST", path, {"metadata": {"name": "web"}, "spec": spec})

    def generation(body: Any, sub: str = "") -> int:
        found = api.ok("PATCH", f"{path}/web{sub}", body, kind=MERGE)
        return int(found["metadata"]["generation"])

    assert generation({"metadata": {"labels": {"x": "y"}}}) == 1
    assert generation({"spec": {"replicas": 3}}) == 2
    assert generation({"status": {"replicas": 3}}) == 2
    assert generation({"status": {"replicas": 3}, "spec": {"replicas": 9}}, "/status") == 2
    found = api.ok("GET", f"{path}/web")
    assert (found["spec"]["replicas"], found["status"]) == (3, {"replicas": 3})
    scale = api.ok("GET", f"{path}/web/scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 3, "selector": "a=b"})


def test_preconditions_of_a_delete(api: Api, room: str) -> None:
    made = api.ok("POST", f"{room}/configmaps", config_map("one"))["metadata"]
    wrong = api("DELETE", f"{room}/configmaps/one", {"preconditions": {"uid": "other"}})
    assert wrong.code == 409
    assert f"UID in precondition: other, UID in object meta: {made['uid']}" in wrong.body["message"]
    right = {"preconditions": {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}}
    gone = api.ok("DELETE", f"{room}/configmaps/one", right)
    assert (gone["status"], gone["details"]["uid"]) == ("Success", made["uid"])


def test_finalizers_hold_an_object(api: Api, room: str) -> None:
    made = config_map("one")
    made["metadata"]["finalizers"] = ["example.com/mine"]
    api.ok("POST", f"{room}/configmaps", made)
    held = api.ok("DELETE", f"{room}/configmaps/one")
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert api.ok("DELETE", f"{room}/configmaps/one")["metadata"] == held["metadata"]
    api.ok("PATCH", f"{room}/configmaps/one", {"metadata": {"finalizers": None}}, kind=MERGE)
    assert api("GET", f"{room}/configmaps/one").code == 404


def test_a_pod_on_a_node_is_given_time(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/pods", pod("one", nodeName="n1"))
    going = api.ok("DELETE", f"{room}/pods/one")["metadata"]
    assert going["deletionGracePeriodSeconds"] == 30
    sooner = api.ok("DELETE", f"{room}/pods/one?gracePeriodSeconds=5")["metadata"]
    assert sooner["deletionGracePeriodSeconds"] == 5
    assert sooner["deletionTimestamp"] < going["deletionTimestamp"]
    later = api.ok("DELETE", f"{room}/pods/one?gracePeriodSeconds=50")["metadata"]
    assert later["deletionTimestamp"] == sooner["deletionTimestamp"]
    api.ok("DELETE", f"{room}/pods/one", {"gracePeriodSeconds": 0})
    assert api("GET", f"{room}/pods/one").code == 404
    api.ok("POST", f"{room}/pods", pod("two"))
    api.ok("DELETE", f"{room}/pods/two")
    assert api("GET", f"{room}/pods/two").code == 404


def test_a_collection_is_deleted(api: Api, room: str) -> None:
    for name in ("a", "b", "c"):
        api.ok("POST", f"{room}/configmaps", config_map(name, **({"x": "y"} if name != "c" else {})))
    api.ok("DELETE", f"{room}/configmaps?labelSelector=x%3Dy")
    left = api.ok("GET", f"{room}/configmaps")["items"]
    assert [each["metadata"]["name"] for each in left] == ["c"]


def test_a_pod_is_bound_once(api: Api, room: str) -> None:
    api.ok("POST", f"{room}/pods", pod("one"))
    binding = {"metadata": {"name": "one"}, "target": {"kind": "Node", "name": "n1"}}
    assert api("POST", f"{room}/pods/one/binding", binding).code == 201
    bound = api.ok("GET", f"{room}/pods/one")
    assert bound["spec"]["nodeName"] == "n1"
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
    again = api("POST", f"{room}/pods/one/binding", binding)
    assert again.code == 409
    assert 'pod one is already assigned to node "n1"' in again.body["message"]


def test_an_eviction_asks_the_budget(api: Api, room: str) -> None:
    namespace = room.rpartition("/")[2]
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    labelled = pod("one")
    labelled["metadata"]["labels"] = {"app": "x"}
    api.ok("POST", f"{room}/pods", labelled)
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    api.ok("PATCH", f"{room}/pods/one/status", ready, kind=MERGE)
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}
    api.ok("POST", budgets, {"metadata": {"name": "b"}, "spec": spec})

    def settle(allowed: int) -> None:
        status = {
            "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1,
            "expectedPods": 1,
        }  # fmt: skip
        api.ok("PATCH", f"{budgets}/b/status", {"status": status}, kind=MERGE)

    evict = {"metadata": {"name": "one"}, "apiVersion": "policy/v1", "kind": "Eviction"}
    assert api("POST", f"{room}/pods/one/eviction", evict).code == 429
    settle(0)
    refused = api("POST", f"{room}/pods/one/eviction", evict)
    assert refused.code == 429
    assert refused.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert "needs 1 healthy pods and has 1 currently" in refused.body["details"]["causes"][0]["message"]
    settle(1)
    assert api("POST", f"{room}/pods/one/eviction", evict).code == 201
    assert api("GET", f"{room}/pods/one").code == 404
    left = api.ok("GET", f"{budgets}/b")["status"]
    assert (left["disruptionsAllowed"], list(left["disruptedPods"])) == (0, ["one"])


def test_no_two_services_have_an_address_or_a_port(api: Api, room: str) -> None:
    def service(name: str, **spec: Any) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}

    def make(index: int) -> dict[str, Any]:
        found: dict[str, Any] = api.ok("POST", f"{room}/services", service(f"s{index}", type="NodePort"))
        spec: dict[str, Any] = found["spec"]
        return spec

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(24)))
    assert len({spec["clusterIP"] for spec in made}) == 24
    assert len({spec["ports"][0]["nodePort"] for spec in made}) == 24
    taken = api("POST", f"{room}/services", service("x", clusterIP=made[0]["clusterIP"]))
    assert "provided IP is already allocated" in taken.body["message"]
    port = made[0]["ports"][0]["nodePort"]
    ports = [{"port": 80, "nodePort": port}]
    taken = api("POST", f"{room}/services", service("x", type="NodePort", ports=ports))
    assert taken.body["details"]["causes"][0] == {
        "reason": "FieldValueInvalid",
        "message": f"Invalid value: {port}: provided port is already allocated",
        "field": "spec.ports[0].nodePort",
    }
    api.ok("DELETE", f"{room}/services/s0")
    again = api.ok("POST", f"{room}/services", service("x", type="NodePort", ports=ports))
    kept = api.ok("PUT", f"{room}/services/x", service("x", type="NodePort"))["spec"]
    assert kept["clusterIP"] == again["spec"]["clusterIP"]
    assert kept["ports"][0]["nodePort"] == port
    plain = api.ok("PUT", f"{room}/services/x", service("x", type="ClusterIP"))["spec"]
    assert "nodePort" not in plain["ports"][0]
    none = api.ok("POST", f"{room}/services", service("bare", clusterIP="None", selector={"a": "b"}))["spec"]
    assert none["clusterIPs"] == ["None"]


def test_a_quota_is_never_exceeded(api: Api, room: str) -> None:
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "5"}}}
    api.ok("POST", f"{room}/resourcequotas", quota)

    def make(index: int) -> int:
        return api("POST", f"{room}/configmaps", config_map(f"c{index}")).code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(make, range(12)))
    assert sorted(set(codes)) == [201, 403]
    assert codes.count(201) == 5
    refused = api("POST", f"{room}/configmaps", config_map("more"))
    expected = "exceeded quota: q, requested: configmaps=1, used: configmaps=5, limited: configmaps=5"
    assert refused.body["message"] == f'configmaps "more" is forbidden: {expected}'
    assert api.ok("GET", f"{room}/resourcequotas/q")["status"]["used"] == {"configmaps": "5"}


def test_limits_are_filled_in_and_held(api: Api, room: str) -> None:
    item = {
        "type": "Container",
        "default": {"cpu": "500m"},
        "defaultRequest": {"cpu": "100m"},
        "max": {"cpu": "1"},
    }
    api.ok("POST", f"{room}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [item]}})
    made = api.ok("POST", f"{room}/pods", pod("one"))
    resources = made["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}}
    greedy = pod("two")
    greedy["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "2"}}
    refused = api("POST", f"{room}/pods", greedy)
    assert "maximum cpu usage per Container is 1, but limit is 2" in refused.body["message"]


def test_warnings_for_unknown_fields(api: Api, room: str) -> None:
    odd = {**config_map("one"), "nonsense": 1}
    warned = api("POST", f"{room}/configmaps?fieldValidation=Warn", odd)
    assert (warned.code, warned.headers["warning"]) == (201, '299 - "unknown field \\"nonsense\\""')
    strict = api("PUT", f"{room}/configmaps/one?fieldValidation=Strict", odd)
    assert strict.code == 400
    assert 'strict decoding error: unknown field "nonsense"' in strict.body["message"]


def test_what_is_too_large_or_of_no_known_type(api: Api, room: str) -> None:
    big = api("POST", f"{room}/configmaps", b'{"data":{"a":"' + b"x" * 5_000_000 + b'"}}')
    assert (big.code, big.body["reason"]) == (413, "RequestEntityTooLarge")
    assert api("POST", f"{room}/configmaps", b"x=y", kind="application/x-www-form-urlencoded").code == 415
    assert api("POST", f"{room}/configmaps", b"{").code == 400
    assert api.ok("GET", f"{room}/configmaps")["items"] == []
