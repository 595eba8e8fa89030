"""Ownership by create, update and patch: what changed is the changer's, and nobody else's."""

from __future__ import annotations

from typing import Any

from hythe.kube.objects.apply import entries, fieldset
from tests.unit.kube.objects.apply.given_kinds import (
    LATER,
    NOW,
    containers,
    deployment,
    of_kind,
    owners,
    stored,
)

FIELDS = of_kind("apps/v1", "Deployment")
WEB = {"name": "web", "image": "nginx", "resources": {"limits": {"cpu": "1"}}}


def created(**spec: Any) -> dict[str, Any]:
    return stored(FIELDS.update({}, deployment(**spec), "kubectl-create", NOW))


def test_a_creator_owns_what_a_real_server_says() -> None:
    obj = deployment(
        replicas=1,
        selector={"matchLabels": {"a": "b"}},
        strategy={"type": "Recreate"},
        template=containers(WEB),
    )
    obj["metadata"]["labels"] = {"a": "b"}
    made = FIELDS.update({}, obj, "kubectl-create", NOW)
    web = 'k:{"name":"web"}'
    limits: Any = {".": {}, "f:limits": {".": {}, "f:cpu": {}}}
    pod = {"f:containers": {web: {".": {}, "f:image": {}, "f:name": {}, "f:resources": limits}}}
    assert made["metadata"]["managedFields"] == [
        {
            "manager": "kubectl-create",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "time": NOW,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {
                    "f:replicas": {},
                    "f:selector": {},
                    "f:strategy": {"f:type": {}},
                    "f:template": {"f:spec": pod},
                },
            },
        }
    ]


def test_what_changes_goes_to_the_changer() -> None:
    live = created(replicas=1, paused=True)
    new = {**live, "spec": {"replicas": 2, "paused": True}}
    changed = FIELDS.update(live, new, "scaler", LATER)
    assert owners(changed) == {"kubectl-create/Update": [".spec.paused"], "scaler/Update": [".spec.replicas"]}
    assert [entry["time"] for entry in changed["metadata"]["managedFields"]] == [NOW, LATER]


def test_what_is_removed_is_nobodys() -> None:
    live = created(replicas=1, paused=True)
    changed = FIELDS.update(live, {**live, "spec": {"replicas": 1}}, "other", LATER)
    assert owners(changed) == {"kubectl-create/Update": [".spec.replicas"]}


def test_who_loses_everything_is_forgotten() -> None:
    live = created(replicas=1)
    changed = FIELDS.update(live, {**live, "spec": {"replicas": 2}}, "other", LATER)
    assert owners(changed) == {"other/Update": [".spec.replicas"]}


def test_an_update_that_changes_nothing_keeps_the_entries_and_times() -> None:
    live = created(replicas=1)
    assert FIELDS.update(live, dict(live), "kubectl-create", LATER) == live
    without = {**live, "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1"}}
    assert FIELDS.update(live, without, "old-client", LATER)["metadata"]["managedFields"]


def test_a_new_member_of_a_list_is_owned_whole() -> None:
    live = created(template=containers({"name": "a", "image": "1"}))
    new = {**live, "spec": {"template": containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"})}}
    b = '.spec.template.spec.containers[name="b"]'
    assert owners(FIELDS.update(live, new, "adder", LATER))["adder/Update"] == [b, f"{b}.image", f"{b}.name"]


def test_members_are_known_by_all_their_keys_and_defaults() -> None:
    ports = [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]
    made = created(template=containers({"name": "a", "ports": ports}))
    said = owners(made)["kubectl-create/Update"]
    where = '.spec.template.spec.containers[name="a"].ports'
    assert (
        f'{where}[containerPort=80,protocol="TCP"]' in said
        and f'{where}[containerPort=80,protocol="UDP"]' in said
    )


def test_status_is_tracked_by_its_own_endpoint_alone() -> None:
    live = created(replicas=1)
    new = {**live, "status": {"replicas": 1}}
    assert owners(FIELDS.update(live, new, "controller", LATER)) == owners(live)
    status = of_kind("apps/v1", "Deployment", "status", fieldset.of_paths([("f:spec",)]))
    changed = status.update(live, new, "controller", LATER)
    assert owners(changed)["controller/Update/status"] == [".status.replicas"]


def sending(live: dict[str, Any], managed: Any) -> dict[str, Any]:
    """The object after an update with these managedFields."""
    new = {**live, "metadata": {**live["metadata"], "managedFields": managed}}
    return FIELDS.update(live, new, "x", LATER)


def test_a_client_may_send_managed_fields() -> None:
    live = created(replicas=1)
    assert "managedFields" not in sending(live, [])["metadata"]
    assert "managedFields" not in sending(live, [{}])["metadata"]
    entry = {**live["metadata"]["managedFields"][0], "manager": "renamed"}
    assert list(owners(sending(live, [entry]))) == ["renamed/Update"]
    for broken in (
        [{"operation": "Sing"}],
        [{**entry, "fieldsV1": {"x": {}}}],
        [{**entry, "fieldsV1": []}],
        ["x"],
    ):
        assert list(owners(sending(live, broken))) == ["kubectl-create/Update"]


def test_tracking_that_was_ended_stays_ended() -> None:
    live = stored(deployment(replicas=1))
    assert (
        "managedFields" not in FIELDS.update(live, {**live, "spec": {"replicas": 2}}, "x", LATER)["metadata"]
    )


def test_the_oldest_of_many_updaters_are_put_together() -> None:
    live = created(replicas=0)
    for number in range(12):
        labels = {**live["metadata"].get("labels", {}), f"l{number}": "1"}
        new = {**live, "metadata": {**live["metadata"], "labels": labels}}
        live = FIELDS.update(live, new, f"m{number:02}", f"2026-01-01T00:01:{number:02}Z")
    said = owners(live)
    assert len(said) == 10 and {".spec.replicas", ".metadata.labels.l0"} <= set(
        said["ancient-changes/Update"]
    )
    every = {path for paths in said.values() for path in paths}
    assert every == {".spec.replicas", ".metadata.labels", *(f".metadata.labels.l{n}" for n in range(12))}


def test_the_name_of_a_manager() -> None:
    assert entries.manager_name("me", "kubectl/v1.32") == "me"
    assert entries.manager_name("", "kubectl/v1.32 (linux)") == "kubectl"
    assert entries.manager_name("", "x\n" * 200) == "x" * 128
