"""kubectl's ways to apply, on the client and on the server, and what each says of the other's fields."""

from __future__ import annotations

import json
from typing import Any

from tests.outside.kube.manifests import DEPLOYMENT
from tests.outside.kube.server import Server


def apply(server: Server, namespace: str, text: str, *words: str) -> str:
    return server.kubectl("apply", "-n", namespace, "-f", "-", *words, stdin=text).strip()


def managers(server: Server, namespace: str, what: str = "deploy/web") -> dict[tuple[str, str, str], Any]:
    """The fields of each (manager, operation, subresource)."""
    words = ("get", what, "-n", namespace, "-o", "json", "--show-managed-fields")
    entries = json.loads(server.kubectl(*words))["metadata"]["managedFields"]
    return {(e["manager"], e["operation"], e.get("subresource", "")): e["fieldsV1"] for e in entries}


def test_client_side_apply_is_taken_over_by_server_side(server: Server, namespace: str) -> None:
    apply(server, namespace, DEPLOYMENT)
    assert list(managers(server, namespace)) == [("kubectl-client-side-apply", "Update", "")]
    apply(server, namespace, DEPLOYMENT.replace("replicas: 2", "replicas: 3"), "--server-side")
    assert sorted(name for name, *_ in managers(server, namespace)) == ["kubectl", "kubectl-last-applied"]
    without = DEPLOYMENT.replace("  replicas: 2\n", "")
    apply(server, namespace, without, "--server-side")
    found = json.loads(server.kubectl("get", "deploy", "web", "-n", namespace, "-o", "json"))
    assert found["spec"]["replicas"] == 1, "what the applier drops goes back to its default"
    assert apply(server, namespace, without) == "deployment.apps/web unchanged"


def test_applying_twice_changes_nothing(server: Server, namespace: str) -> None:
    def revision() -> str:
        return server.kubectl(
            "get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.metadata.resourceVersion}"
        )

    for words in ((), ("--server-side",)):
        apply(server, namespace, DEPLOYMENT, *words)
        before = revision()
        apply(server, namespace, DEPLOYMENT, *words)
        assert revision() == before


def test_scaling_by_hand_is_not_undone_by_who_does_not_say(server: Server, namespace: str) -> None:
    silent = DEPLOYMENT.replace("  replicas: 2\n", "")
    apply(server, namespace, silent, "--server-side")
    server.kubectl("scale", "deploy", "web", "-n", namespace, "--replicas=4")
    assert managers(server, namespace)["kubectl", "Update", "scale"] == {"f:spec": {"f:replicas": {}}}
    apply(server, namespace, silent, "--server-side")
    words = ("get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.spec.replicas}")
    assert server.kubectl(*words) == "4"
    conflict = server.refused("apply", "-n", namespace, "-f", "-", "--server-side", stdin=DEPLOYMENT)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in conflict


def test_two_appliers_share_a_pod_template(server: Server, namespace: str) -> None:
    apply(server, namespace, DEPLOYMENT, "--server-side")
    sidecar = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: side, image: busybox}]}}}
"""
    apply(server, namespace, sidecar, "--server-side", "--field-manager=mesh")
    apply(server, namespace, DEPLOYMENT.replace("nginx:1", "nginx:2"), "--server-side")
    words = (
        "get",
        "deploy",
        "web",
        "-n",
        namespace,
        "-o",
        "jsonpath={.spec.template.spec.containers[*].image}",
    )
    assert server.kubectl(*words) == "nginx:2 busybox"
    gone = sidecar.replace(
        "spec: {template: {spec: {containers: [{name: side, image: busybox}]}}}", "spec: {}"
    )
    apply(server, namespace, gone, "--server-side", "--field-manager=mesh")
    assert server.kubectl(*words) == "nginx:2"


def test_bad_configurations_change_nothing(server: Server, namespace: str) -> None:
    misspelt = DEPLOYMENT.replace("replicas", "replicaz")
    said = server.refused("apply", "-n", namespace, "-f", "-", stdin=misspelt)
    assert 'strict decoding error: unknown field "spec.replicaz"' in said
    said = server.refused("apply", "-n", namespace, "-f", "-", "--server-side", stdin=misspelt)
    assert f"failed to create typed patch object ({namespace}/web; apps/v1, Kind=Deployment): " in said
    assert ".spec.replicaz: field not declared in schema" in said
    twice = DEPLOYMENT.replace("      - {name: web,", "      - {name: web}\n      - {name: web,")
    said = server.refused("apply", "-n", namespace, "-f", "-", "--server-side", stdin=twice)
    assert 'duplicate entries for key [name="web"]' in said
    assert server.kubectl("get", "deploy", "-n", namespace, "-o", "name") == ""


def test_a_diff_on_the_server(server: Server, namespace: str) -> None:
    apply(server, namespace, DEPLOYMENT, "--server-side")
    same = server.run("diff", "-n", namespace, "-f", "-", "--server-side", stdin=DEPLOYMENT)
    assert (same.code, same.said) == (0, "")
    changed = DEPLOYMENT.replace("nginx:1", "nginx:2")
    differs = server.run("diff", "-n", namespace, "-f", "-", "--server-side", stdin=changed)
    assert differs.code == 1 and "+      - image: nginx:2" in differs.out


def test_patches_that_cannot_be_done(server: Server, namespace: str) -> None:
    apply(server, namespace, DEPLOYMENT)

    def refused(patch: str, kind: str = "strategic") -> str:
        return server.refused("patch", "deploy", "web", "-n", namespace, f"--type={kind}", "-p", patch)

    assert "The request is invalid" in refused('[{"op":"test","path":"/spec/replicas","value":9}]', "json")
    assert "json: cannot unmarshal object" in refused('{"op":"remove"}', "json")
    containers = '{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}'
    assert "map: map[image:x] does not contain declared merge key: name" in refused(containers)
    assert "json: cannot unmarshal string into Go struct field" in refused(
        '{"spec":{"replicas":"x"}}', "merge"
    )
