"""Where a kubeconfig file leads: the server, how it is trusted, and who we are.

Read are clusters, users and contexts as kubectl writes them: certificate authorities, client certificates and keys,
inline or as files (paths are relative to the kubeconfig), bearer tokens, token files, insecure-skip-tls-verify,
tls-server-name. Keys that came inline touch no disk: OpenSSL wants files, so they are put into a memfd. Refused by
name: exec and auth-provider plugins, proxies, user names with passwords.
"""

from __future__ import annotations

import base64
import binascii
import os
import ssl
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import yaml

from hythe.errors import InvalidArgument, NotFound, Unsupported
from hythe.kube.client.connection import Endpoint

_REFUSED: Final = {
    "user": ("exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups"),
    "cluster": ("proxy-url",),
}


class Access(NamedTuple):
    """What a client needs; `namespace` is the context's, or "default"."""

    endpoint: Endpoint
    headers: dict[str, str]
    namespace: str


def read(path: str | Path, context: str = "") -> Access:
    """Raises NotFound for a file that is not there, InvalidArgument for one that says too little, Unsupported."""
    path = Path(path)
    try:
        document = yaml.safe_load(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"there is no kubeconfig at {path}") from error
    except yaml.YAMLError as error:
        raise InvalidArgument(f"{path} is no YAML: {error}") from error
    return of(document if isinstance(document, dict) else {}, path, context)


def of(document: dict[str, Any], path: Path, context: str = "") -> Access:
    """As `read`, of a document in memory; `path` says where its relative paths begin."""
    chosen = context or str(document.get("current-context") or "")
    where = _named(document, "context", chosen, path)
    cluster = _named(document, "cluster", str(where.get("cluster", "")), path)
    user = _named(document, "user", str(where.get("user", "")), path) if where.get("user") else {}
    _refuse("cluster", cluster, path)
    _refuse("user", user, path)
    headers = _authorisation(user, path)
    return Access(_endpoint(cluster, user, path), headers, str(where.get("namespace") or "default"))


def _named(document: dict[str, Any], what: str, name: str, path: Path) -> dict[str, Any]:
    for each in document.get(f"{what}s") or ():
        if isinstance(each, dict) and each.get("name") == name:
            return dict(each.get(what) or {})
    raise InvalidArgument(f"{path}: there is no {what} {name!r}")


def _refuse(what: str, fields: dict[str, Any], path: Path) -> None:
    for name in _REFUSED[what]:
        if fields.get(name):
            raise Unsupported(f"{path}: {what}s with {name} are not supported")


def _endpoint(cluster: dict[str, Any], user: dict[str, Any], path: Path) -> Endpoint:
    url = urlsplit(str(cluster.get("server") or ""))
    if url.scheme not in ("https", "http") or not url.hostname:
        raise InvalidArgument(f"{path}: the server {cluster.get('server')!r} is no URL")
    tls = _context(cluster, user, path) if url.scheme == "https" else None
    port = url.port or (443 if tls else 80)
    return Endpoint("", url.hostname, port, tls, str(cluster.get("tls-server-name") or ""))


def _context(cluster: dict[str, Any], user: dict[str, Any], path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        if authority := _content(cluster, "certificate-authority", path):
            context.load_verify_locations(cadata=authority.decode())
        certificate, key = _content(user, "client-certificate", path), _content(user, "client-key", path)
        if certificate and key:
            with_certificate(context, certificate, key)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"{path}: a certificate or key is no PEM: {error}") from error
    return context


def with_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Give a context a client certificate of PEM in memory."""
    descriptor = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, certificate.rstrip() + b"\n" + key)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _content(fields: dict[str, Any], name: str, path: Path) -> bytes:
    inline, file = fields.get(f"{name}-data"), fields.get(name)
    try:
        if inline:
            return base64.b64decode(str(inline), validate=True)
        return (path.parent / str(file)).read_bytes() if file else b""
    except binascii.Error as error:
        raise InvalidArgument(f"{path}: {name}-data is not base64") from error
    except FileNotFoundError as error:
        raise InvalidArgument(f"{path}: there is no {name} at {file}") from error


def _authorisation(user: dict[str, Any], path: Path) -> dict[str, str]:
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = (path.parent / str(user["tokenFile"])).read_text().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}
