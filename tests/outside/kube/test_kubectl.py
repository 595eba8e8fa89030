"""An unmodified kubectl on the API server alone: everything that needs no node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.outside.kube.manifests import DEPLOYMENT, WIDGET, WIDGETS
from tests.outside.kube.server import Server, siblings
from tests.waiting import wait_until


def test_apply_says_what_it_did(server: Server, namespace: str) -> None:
    def apply(text: str, *words: str) -> str:
        return server.kubectl("apply", "-n", namespace, "-f", "-", *words, stdin=text).strip()

    assert apply(DEPLOYMENT) == "deployment.apps/web created"
    assert apply(DEPLOYMENT) == "deployment.apps/web unchanged"
    assert apply(DEPLOYMENT.replace("replicas: 2", "replicas: 3")) == "deployment.apps/web configured"
    assert apply(DEPLOYMENT.replace("nginx:1", "nginx:2"), "--dry-run=server").endswith("(server dry run)")
    found = json.loads(server.kubectl("get", "deploy", "web", "-n", namespace, "-o", "json"))
    assert (found["spec"]["replicas"], found["metadata"]["generation"]) == (3, 2)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1"


def test_server_side_apply_names_who_owns_a_field(server: Server, namespace: str) -> None:
    apply = ("apply", "--server-side", "-n", namespace, "-f", "-")
    assert "serverside-applied" in server.kubectl(*apply, "--field-manager=a", stdin=DEPLOYMENT)
    other = DEPLOYMENT.replace("replicas: 2", "replicas: 5")
    conflict = server.refused(*apply, "--field-manager=b", stdin=other)
    assert 'conflict with "a": .spec.replicas' in conflict
    assert "serverside-applied" in server.kubectl(
        *apply, "--field-manager=b", "--force-conflicts", stdin=other
    )
    owners = json.loads(
        server.kubectl("get", "deploy", "web", "-n", namespace, "-o", "json", "--show-managed-fields")
    )["metadata"]["managedFields"]
    mine = {entry["manager"]: entry["fieldsV1"] for entry in owners}
    assert "f:replicas" in mine["b"]["f:spec"]
    assert "f:replicas" not in mine["a"]["f:spec"]


def test_every_output_of_get(server: Server, namespace: str) -> None:
    get = ("get", "cm", "-n", namespace)
    server.kubectl("create", "cm", "one", "-n", namespace, "--from-literal=a=b")
    assert server.kubectl(*get).split()[:3] == ["NAME", "DATA", "AGE"]
    assert server.kubectl(*get, "-o", "name").strip() == "configmap/one"
    assert json.loads(server.kubectl(*get, "-o", "json"))["items"][0]["data"] == {"a": "b"}
    assert yaml.safe_load(server.kubectl(*get, "one", "-o", "yaml"))["data"] == {"a": "b"}
    assert server.kubectl(*get, "one", "-o", "jsonpath={.data.a}") == "b"
    assert server.kubectl(*get, "-o", "custom-columns=N:.metadata.name").split() == ["N", "one"]
    assert server.kubectl(*get, "one", "-o", "go-template={{.data.a}}") == "b"
    assert "LABELS" in server.kubectl(*get, "--show-labels")
    assert server.kubectl(*get, "--sort-by=.metadata.name", "-o", "wide").split()[0] == "NAME"


def test_a_watch_shows_each_change(server: Server, namespace: str) -> None:
    words = [
        "kubectl",
        "get",
        "cm",
        "-n",
        namespace,
        "-w",
        "-o",
        "jsonpath={.metadata.name}:{.data.a}{'\\n'}",
    ]
    with subprocess.Popen(words, env=server.env, stdout=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout is not None
            server.kubectl("create", "cm", "one", "-n", namespace, "--from-literal=a=1")
            assert watching.stdout.readline() == "one:1\n"
            server.kubectl("patch", "cm", "one", "-n", namespace, "-p", '{"data":{"a":"2"}}')
            assert watching.stdout.readline() == "one:2\n"
        finally:
            watching.terminate()


def test_changes_in_small(server: Server, namespace: str) -> None:
    def run(*words: str) -> str:
        return server.kubectl(*words, "-n", namespace)

    server.kubectl("apply", "-n", namespace, "-f", "-", stdin=DEPLOYMENT)
    run("label", "deploy", "web", "tier=front")
    run("annotate", "deploy", "web", "note=hello")
    run("scale", "deploy", "web", "--replicas=7")
    run("set", "image", "deploy/web", "web=nginx:3")
    run(
        "patch",
        "deploy",
        "web",
        "--type=json",
        "-p",
        '[{"op":"add","path":"/metadata/labels/x","value":"y"}]',
    )
    run("patch", "deploy", "web", "--type=merge", "-p", '{"metadata":{"labels":{"tier":null}}}')
    found = json.loads(run("get", "deploy", "web", "-o", "json"))
    assert found["metadata"]["labels"] == {"app": "web", "x": "y"}
    assert found["metadata"]["annotations"]["note"] == "hello"
    assert found["spec"]["replicas"] == 7
    assert found["spec"]["template"]["spec"]["containers"][0] == {
        **found["spec"]["template"]["spec"]["containers"][0],
        "image": "nginx:3",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
    }


def test_edit(server: Server, namespace: str, tmp_path: Path) -> None:
    server.kubectl("create", "cm", "one", "-n", namespace, "--from-literal=a=before")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/before/after/ "$1"\n')
    editor.chmod(0o755)
    assert "edited" in server.kubectl("edit", "cm", "one", "-n", namespace, KUBE_EDITOR=str(editor))
    assert server.kubectl("get", "cm", "one", "-n", namespace, "-o", "jsonpath={.data.a}") == "after"


def test_diff_and_replace(server: Server, namespace: str) -> None:
    server.kubectl("create", "-n", namespace, "-f", "-", stdin=DEPLOYMENT)
    changed = DEPLOYMENT.replace("replicas: 2", "replicas: 9")
    differs = server.run("diff", "-n", namespace, "-f", "-", stdin=changed)
    assert differs.code == 1
    assert "-  replicas: 2" in differs.out
    assert "+  replicas: 9" in differs.out
    server.kubectl("replace", "-n", namespace, "-f", "-", stdin=changed)
    assert server.kubectl("get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.spec.replicas}") == "9"


def test_explain_and_api_resources(server: Server) -> None:
    said = server.kubectl("explain", "pod.spec.containers.image")
    assert "Container image name" in said
    names = server.kubectl("api-resources", "-o", "name").split()
    assert {"pods", "deployments.apps", "customresourcedefinitions.apiextensions.k8s.io"} <= set(names)
    assert "apps/v1" in server.kubectl("api-versions").split()


def test_describe(server: Server, namespace: str) -> None:
    server.kubectl("apply", "-n", namespace, "-f", "-", stdin=DEPLOYMENT)
    server.kubectl("expose", "deploy", "web", "--port=80", "--type=NodePort", "-n", namespace)
    described = server.kubectl("describe", "deploy,svc", "web", "-n", namespace)
    assert "StrategyType:           RollingUpdate" in described
    assert "NodePort:" in described
    assert "Status:       Active" in server.kubectl("describe", "namespace", namespace)


def test_wait(server: Server, namespace: str) -> None:
    server.kubectl("create", "cm", "one", "-n", namespace, "--from-literal=a=1")
    words = ["kubectl", "wait", "cm/one", "-n", namespace, "--for=jsonpath={.data.a}=2", "--timeout=50s"]
    with subprocess.Popen(words, env=server.env, stdout=subprocess.PIPE, text=True) as waiting:
        server.kubectl("patch", "cm", "one", "-n", namespace, "-p", '{"data":{"a":"2"}}')
        assert waiting.stdout is not None
        assert "condition met" in waiting.stdout.read()
    assert "timed out" in server.refused(
        "wait", "cm/one", "-n", namespace, "--for=jsonpath={.data.a}=3", "--timeout=1s"
    )


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_delete_with_every_cascade(server: Server, namespace: str, cascade: str) -> None:
    server.kubectl("create", "-n", namespace, "-f", "-", stdin=DEPLOYMENT)
    server.kubectl("delete", "deploy", "web", "-n", namespace, f"--cascade={cascade}", "--wait=false")
    left = server.run("get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.metadata.finalizers}")
    expected = {"background": "", "foreground": '["foregroundDeletion"]', "orphan": '["orphan"]'}
    assert left.out == expected[cascade]
    if cascade == "background":
        assert 'deployments.apps "web" not found' in left.err
        return
    server.kubectl("patch", "deploy", "web", "-n", namespace, "-p", '{"metadata":{"finalizers":null}}')
    assert "not found" in server.refused("get", "deploy", "web", "-n", namespace)


def test_a_namespace_that_goes_takes_nothing_new(server: Server, namespace: str) -> None:
    server.kubectl("delete", "namespace", namespace, "--wait=false")
    refusal = server.refused("create", "cm", "one", "-n", namespace)
    assert f"unable to create new content in namespace {namespace} because it is being terminated" in refusal
    assert 'namespaces "nowhere" not found' in server.refused("create", "cm", "one", "-n", "nowhere")
    assert "this namespace may not be deleted" in server.refused("delete", "namespace", "kube-system")


def test_who_may_do_what(server: Server, namespace: str) -> None:
    assert server.kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    assert "kubernetes-admin" in server.kubectl("auth", "whoami")
    account = f"system:serviceaccount:{namespace}:default"
    assert (
        server.run("auth", "can-i", "list", "secrets", f"--as={account}", "-n", namespace).out.strip() == "no"
    )
    server.kubectl("create", "rolebinding", "r", "-n", namespace, "--clusterrole=view", f"--user={account}")
    wait_until(
        lambda: server.run("auth", "can-i", "list", "pods", f"--as={account}", "-n", namespace).code == 0, 10
    )
    token = server.kubectl("create", "token", "default", "-n", namespace).strip()
    assert token.count(".") == 2
    plain = ["--token", token, "--kubeconfig", "/dev/null", "--insecure-skip-tls-verify", "-s", _url(server)]
    assert "No resources found" in server.run("get", "pods", "-n", namespace, *plain).err
    forbidden = server.run("get", "secrets", "-n", namespace, *plain).err
    assert (
        f'User "{account}" cannot list resource "secrets" in API group "" in the namespace "{namespace}"'
        in forbidden
    )
    wrong = server.run("get", "pods", *[*plain[:1], token[:-3] + "abc", *plain[2:]])
    assert "Unauthorized" in wrong.err or "provide credentials" in wrong.err


def _url(server: Server) -> str:
    said = yaml.safe_load(server.kubeconfig.read_text())
    return str(said["clusters"][0]["cluster"]["server"])


def test_custom_resources(server: Server, namespace: str) -> None:
    server.kubectl("apply", "-f", "-", stdin=WIDGETS)
    server.kubectl("wait", "--for=condition=established", "crd/widgets.example.com")
    apply = ("apply", "-n", namespace, "-f", "-")
    assert "created" in server.kubectl(*apply, stdin=WIDGET)
    assert "configured" in server.kubectl(*apply, stdin=WIDGET.replace("size: 3", "size: 4"))
    assert server.kubectl("get", "wi", "-n", namespace).split() == ["NAME", "SIZE", "one", "4"]
    assert server.kubectl("get", "wi", "one", "-n", namespace, "-o", "jsonpath={.spec.color}") == "red"
    server.kubectl("scale", "wi", "one", "--replicas=6", "-n", namespace)
    assert server.kubectl("get", "wi", "one", "-n", namespace, "-o", "jsonpath={.spec.replicas}") == "6"
    bad = server.refused(*apply, stdin=WIDGET.replace("size: 3", "size: 0"))
    assert "spec.size in body should be greater than or equal to 1" in bad
    assert 'unknown field "spec.foo"' in server.refused(
        *apply, stdin=WIDGET.replace("size: 3", "size: 3, foo: 1")
    )
    assert "size" in server.kubectl("explain", "wi.spec")
    server.kubectl("delete", "crd", "widgets.example.com")
    gone = server.refused("get", "wi")  # by what the client remembers, or no longer
    assert "could not find the requested resource" in gone or "doesn't have a resource type" in gone


_QUICK = ("kubectl.1.27", "kubectl.1.32")


@pytest.mark.parametrize(
    "kubectl",
    [
        pytest.param(path, id=Path(path).name, marks=() if Path(path).name in _QUICK else pytest.mark.slow)
        for path in siblings()
    ],
)
def test_kubectl_of_every_minor(server: Server, namespace: str, kubectl: str) -> None:
    def run(*words: str, stdin: str = "") -> str:
        answer = server.run(*words, "-n", namespace, program=kubectl, stdin=stdin)
        assert answer.code == 0, answer.said
        return answer.out

    run("create", "cm", "one", "--from-literal=a=b")
    run("create", "deployment", "made", "--image=nginx")
    run("apply", "-f", "-", stdin=DEPLOYMENT)
    run("apply", "--server-side", "--field-manager=x", "--force-conflicts", "-f", "-", stdin=DEPLOYMENT)
    assert "web" in run("get", "deploy", "-o", "wide")
    run("label", "deploy", "web", "a=b")
    run("scale", "deploy", "web", "--replicas=3")
    assert "Name:" in run("describe", "deploy", "web")
    assert run("auth", "can-i", "get", "pods").strip() == "yes"
    run("delete", "deploy", "--all")
    assert run("get", "deploy") == ""
