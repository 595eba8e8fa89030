"""Who may what, shown by an unmodified kubectl as several users: certificates, tokens, roles, nodes."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hythe.kube.apiserver.auth.authority import Authority, Holder, Pair
from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig
from tests.outside.kube.server import Answer, Server
from tests.waiting import wait_until

As = Callable[..., Answer]


def authority(server: Server) -> Authority:
    pki = server.folder / "data" / "pki"
    return Authority(Pair((pki / "ca.crt").read_bytes(), (pki / "ca.key").read_bytes()))


def url(server: Server) -> str:
    said: str = yaml.safe_load(server.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    return said


def user(server: Server, folder: Path, holder: Holder, signer: Authority | None = None) -> As:
    """kubectl with a certificate of that name."""
    ours = authority(server)
    pair = (signer or ours).issue(holder, datetime.now(UTC))
    path = folder / f"{holder.name.replace(':', '-')}.kubeconfig"
    write_kubeconfig(path, kubeconfig(url(server), ours.pair.certificate, pair))
    return lambda *words, stdin="": server.run(*words, stdin=stdin, KUBECONFIG=str(path))


def bearer(server: Server, token: str) -> As:
    """kubectl with nothing but a token."""
    ca = server.folder / "data" / "pki" / "ca.crt"
    how = ("--server", url(server), "--certificate-authority", str(ca), "--token", token)
    return lambda *words, stdin="": server.run(*words, *how, stdin=stdin, KUBECONFIG="/dev/null")


@pytest.fixture
def jane(server: Server, tmp_path: Path) -> As:
    return user(server, tmp_path, Holder("jane", ("dev",)))


def allowed(act: Callable[[], Answer]) -> None:
    """A role counts a moment after it was acknowledged."""
    wait_until(lambda: act().code == 0, 10, "permission")


def test_nothing_without_a_role_and_then_what_it_says(server: Server, namespace: str, jane: As) -> None:
    said = jane("get", "pods", "-n", namespace).err
    assert said == (
        'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in'
        f' the namespace "{namespace}"\n'
    )
    server.kubectl("create", "rolebinding", "dev", "--clusterrole=view", "--group=dev", "-n", namespace)
    allowed(lambda: jane("get", "pods", "-n", namespace))
    assert 'cannot list resource "secrets"' in jane("get", "secrets", "-n", namespace).err
    assert "cannot create resource" in jane("create", "configmap", "x", "-n", namespace).err
    assert 'cannot list resource "pods" in API group "" at the cluster scope' in jane("get", "pods", "-A").err
    assert jane("auth", "can-i", "list", "pods", "-n", namespace).out == "yes\n"
    assert jane("auth", "can-i", "delete", "pods", "-n", namespace).out == "no\n"
    listed = jane("auth", "can-i", "--list", "-n", namespace).out
    assert "pods/log" in listed and "[get list watch]" in listed
    server.kubectl("delete", "rolebinding", "dev", "-n", namespace)
    wait_until(lambda: jane("get", "pods", "-n", namespace).code != 0, 10, "the end of the permission")


def test_names_of_objects(server: Server, namespace: str, jane: As) -> None:
    for name in ("one", "two"):
        server.kubectl("create", "secret", "generic", name, "--from-literal=a=b", "-n", namespace)
    role = ("create", "role", "one", "--verb=get,list", "--resource=secrets", "--resource-name=one")
    server.kubectl(*role, "-n", namespace)
    server.kubectl("create", "rolebinding", "one", "--role=one", "--user=jane", "-n", namespace)
    allowed(lambda: jane("get", "secret", "one", "-n", namespace))
    assert jane("get", "secret", "two", "-n", namespace).code != 0
    assert jane("get", "secrets", "-n", namespace).code != 0
    allowed(lambda: jane("get", "secrets", "--field-selector=metadata.name=one", "-n", namespace))


def test_nobody_gives_what_they_lack(server: Server, namespace: str, jane: As) -> None:
    server.kubectl("create", "rolebinding", "admin", "--clusterrole=admin", "--user=jane", "-n", namespace)
    mine = ("create", "role", "r", "--verb=get", "--resource=pods", "-n", namespace)
    allowed(lambda: jane(*mine, "--dry-run=server"))
    more = jane("create", "role", "r", "--verb=*", "--resource=*", "-n", namespace)
    assert (
        'user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions'
        in more.err
    )
    assert '{APIGroups:[""], Resources:["*"], Verbs:["*"]}' in more.err
    bound = jane("create", "rolebinding", "r", "--clusterrole=cluster-admin", "--user=jane", "-n", namespace)
    assert "attempting to grant RBAC permissions not currently held" in bound.err
    assert jane("create", "rolebinding", "r", "--clusterrole=edit", "--user=eve", "-n", namespace).code == 0


def test_roles_made_of_others_show_their_rules(server: Server) -> None:
    label = (
        '{"metadata":{"name":"widgets-edit","labels":{"rbac.authorization.k8s.io/aggregate-to-edit":"true"}}'
    )
    rules = '"rules":[{"apiGroups":["x.io"],"resources":["widgets"],"verbs":["get"]}]'
    made = f'{label},"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole",{rules}}}'
    server.kubectl("apply", "-f", "-", stdin=made)

    def has(role: str) -> bool:
        return "widgets" in server.kubectl("get", "clusterrole", role, "-o", "json")

    wait_until(lambda: has("edit") and has("admin"), 10, "the rules in edit and, through it, in admin")
    server.kubectl("delete", "clusterrole", "widgets-edit")
    wait_until(lambda: not has("edit") and not has("admin"), 10, "the rules taken away again")


def test_acting_as_somebody_else(server: Server, namespace: str, jane: As) -> None:
    said = server.kubectl("auth", "whoami", "-o", "json", "--as=eve", "--as-group=ops")
    info = json.loads(said)["status"]["userInfo"]
    assert (info["username"], info["groups"]) == ("eve", ["ops", "system:authenticated"])
    refused = jane("get", "pods", "-n", namespace, "--as=system:admin").err
    assert 'User "jane" cannot impersonate resource "users" in API group "" at the cluster scope' in refused


def test_tokens_of_service_accounts(server: Server, namespace: str) -> None:
    server.kubectl("create", "serviceaccount", "robot", "-n", namespace)
    token = server.kubectl("create", "token", "robot", "-n", namespace).strip()
    robot = bearer(server, token)
    whoami = json.loads(robot("auth", "whoami", "-o", "json").out)["status"]["userInfo"]
    assert whoami["username"] == f"system:serviceaccount:{namespace}:robot"
    account = f"--serviceaccount={namespace}:robot"
    server.kubectl("create", "rolebinding", "robot", "--clusterrole=view", account, "-n", namespace)
    allowed(lambda: robot("get", "pods", "-n", namespace))
    review: dict[str, Any] = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token},
    }
    answer = server.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review))
    assert json.loads(answer)["status"]["authenticated"] is True
    for forged in (token[:-4] + "AAAA", alg_none(token), "abcdef.0123456789abcdef", "x"):
        assert "Unauthorized" in bearer(server, forged)("get", "pods").err
    elsewhere = server.kubectl("create", "token", "robot", "-n", namespace, "--audience=vault").strip()
    assert "Unauthorized" in bearer(server, elsewhere)("get", "pods").err
    short = server.refused("create", "token", "robot", "-n", namespace, "--duration=5m")
    assert (
        "spec.expirationSeconds: Invalid value: 300: may not specify a duration less than 10 minutes" in short
    )
    server.kubectl("delete", "serviceaccount", "robot", "-n", namespace)
    server.kubectl("create", "serviceaccount", "robot", "-n", namespace)
    assert "Unauthorized" in robot("get", "pods", "-n", namespace).err, "made again, it is another"


def alg_none(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


def get(server: Server, path: str, client: Pair | None = None) -> tuple[int, str]:
    """Without any client program, as nobody or with a certificate."""
    context = ssl.create_default_context(cafile=str(server.folder / "data" / "pki" / "ca.crt"))
    if client is not None:
        both = server.folder / "client.pem"
        both.write_bytes(client.certificate + client.key)
        context.load_cert_chain(both)
    host, _, port = url(server).removeprefix("https://").rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_certificate_of_another_authority(server: Server) -> None:
    holder = Holder("root", ("system:masters",))
    assert get(server, "/api/v1/nodes", authority(server).issue(holder, datetime.now(UTC)))[0] == 200
    forged = Authority.create("hythe-ca", datetime.now(UTC)).issue(holder, datetime.now(UTC))
    try:
        status, _ = get(server, "/api/v1/nodes", forged)
    except (ssl.SSLError, ConnectionError):
        return
    assert status == 401


def test_the_anonymous_see_health_and_no_more(server: Server) -> None:
    assert get(server, "/healthz") == (200, "ok")
    assert '"major"' in get(server, "/version")[1]
    paths = (
        "/api",
        "/apis",
        "/openapi/v3",
        "/metrics",
        "/api/v1/namespaces/default/pods",
        "/healthz/../api/v1/nodes",
    )
    for path in (*paths, "//api/v1/nodes", "/api/v1/nodes/%2e%2e/pods", "/version/../api/v1/secrets"):
        status, said = get(server, path)
        assert status == 403 and "system:anonymous" in said, path


def test_a_kubelet_reads_what_its_pods_name(server: Server, namespace: str, tmp_path: Path) -> None:
    one = user(server, tmp_path, Holder("system:node:one", ("system:nodes",)))
    for name in ("named", "other"):
        server.kubectl("create", "secret", "generic", name, "--from-literal=a=b", "-n", namespace)
    refused = one("get", "secret", "named", "-n", namespace).err
    assert "no relationship found between node 'one' and this object" in refused
    for node in ("one", "two"):
        server.kubectl("apply", "-f", "-", stdin=json.dumps(pod(node, namespace)))
    allowed(lambda: one("get", "secret", "named", "-n", namespace))
    assert one("get", "secret", "other", "-n", namespace).code != 0
    assert one("get", "secrets", "-n", namespace).code != 0
    assert one("delete", "pod", "two", "-n", namespace, "--wait=false").code != 0
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "two"}}
    assert 'is not allowed to modify node "two"' in one("create", "-f", "-", stdin=json.dumps(body)).err
    token = ("create", "token", "default", "-n", namespace)
    assert "node requested token not bound to a pod" in one(*token).err
    bound = ("--bound-object-kind=Pod", "--bound-object-name=two")
    assert "bound to a pod scheduled on a different node" in one(*token, *bound).err
    assert one(*token, "--bound-object-kind=Pod", "--bound-object-name=one").code == 0


def pod(node: str, namespace: str) -> Any:
    secret = {"secretKeyRef": {"name": "named" if node == "one" else "other", "key": "a"}}
    container = {"name": "c", "image": "x", "env": [{"name": "A", "valueFrom": secret}]}
    spec = {"nodeName": node, "containers": [container]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": node, "namespace": namespace},
        "spec": spec,
    }


def test_signers_need_their_verb(server: Server, jane: As) -> None:
    from tests.unit.kube.apiserver.auth.test_pki import request

    body: dict[str, Any] = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "jane"},
        "spec": {
            "request": base64.b64encode(request("jane")).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
            "username": "system:admin",
            "groups": ["system:masters"],
        },
    }
    resource = "--resource=certificatesigningrequests,certificatesigningrequests/approval"
    server.kubectl("create", "clusterrole", "csr", "--verb=create,get,update,patch", resource)
    server.kubectl("create", "clusterrolebinding", "csr", "--clusterrole=csr", "--user=jane")
    allowed(lambda: jane("create", "-f", "-", stdin=json.dumps(body)))
    made = json.loads(server.kubectl("get", "csr", "jane", "-o", "json"))["spec"]
    assert (made["username"], made["groups"]) == ("jane", ["dev", "system:authenticated"])
    refused = jane("certificate", "approve", "jane").err
    assert (
        'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"'
        in refused
    )
    server.kubectl("certificate", "approve", "jane")
    server.kubectl("delete", "csr", "jane")


def test_secrets_are_not_on_the_disk(server: Server, namespace: str) -> None:
    server.kubectl(
        "create", "secret", "generic", "s", "--from-literal=password=hunter2hunter2", "-n", namespace
    )
    plain = base64.b64encode(b"hunter2hunter2")
    path = "jsonpath={.data.password}"
    assert server.kubectl("get", "secret", "s", "-n", namespace, "-o", path).encode() == plain
    server.kubectl("create", "configmap", "plain", "--from-literal=a=in-the-open", "-n", namespace)
    written = b"".join(file.read_bytes() for file in server.kept.rglob("*") if file.is_file())
    assert plain not in written and b"hunter2" not in written
    assert b"in-the-open" in written and b"\0hythe-sealed-1\0" in written
