"""The file that a client of the cluster reads: where the server is, whom to trust, who one is.

Everything is in the file itself (base64), so that it can be copied to another machine. Source: Kubernetes, "Organizing
Cluster Access Using kubeconfig Files"; kind Config of v1.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from hythe.base.files import write_atomic
from hythe.kube.apiserver.auth.authority import Pair


def kubeconfig(
    server: str, authority: bytes, client: Pair, cluster: str = "hythe", user: str = "admin"
) -> bytes:
    """YAML (JSON within, which is YAML too). `server`: an https URL; `authority`: its certificate, PEM."""
    context = f"{user}@{cluster}"
    lines = [
        "apiVersion: v1",
        "kind: Config",
        "clusters:",
        f"- name: {json.dumps(cluster)}",
        "  cluster:",
        f"    server: {json.dumps(server)}",
        f"    certificate-authority-data: {_base64(authority)}",
        "users:",
        f"- name: {json.dumps(user)}",
        "  user:",
        f"    client-certificate-data: {_base64(client.certificate)}",
        f"    client-key-data: {_base64(client.key)}",
        "contexts:",
        f"- name: {json.dumps(context)}",
        "  context:",
        f"    cluster: {json.dumps(cluster)}",
        f"    user: {json.dumps(user)}",
        f"current-context: {json.dumps(context)}",
        "preferences: {}",
    ]
    return ("\n".join(lines) + "\n").encode()


def write_kubeconfig(path: Path, content: bytes) -> None:
    """Readable by its owner alone: whoever reads it is the administrator."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, content, 0o600)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
