"""The certificates and keys of one server, in one folder: made at the first start, renewed before they end.

    ca.crt, ca.key                     the cluster's authority
    apiserver.crt, .key                the server's own, for its names and addresses
    kubelet-client.crt, .key           the server as a client of kubelets
    admin, scheduler, controller-manager    clients, as Kubernetes names them
    sa.key, sa.pub                     sign and verify tokens of service accounts

`ensure` is called at each start, and may be called while the server runs. It leaves alone what is good and replaces
what is missing, damaged, of another authority or subject, lacks a host, or ends in less than a third of its life. The
authority and the signing key are never replaced: everything hangs on them, so what cannot be read is an error.

The folder is its owner's alone (0700), keys are 0600.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hythe.base.files import write_atomic
from hythe.errors import InvalidArgument, SystemProblem
from hythe.kube.apiserver.auth import authority as certificates
from hythe.kube.apiserver.auth.authority import LEAF_DAYS, Authority, Holder, Pair
from hythe.kube.apiserver.identity import MASTERS

NODES: Final = "system:nodes"
NODE_PREFIX: Final = "system:node:"
KUBELET_CLIENT: Final = Holder("kube-apiserver-kubelet-client", (MASTERS,))
CLIENTS: Final = {
    "kubelet-client": KUBELET_CLIENT,
    "admin": Holder("kubernetes-admin", (MASTERS,)),
    "scheduler": Holder("system:kube-scheduler"),
    "controller-manager": Holder("system:kube-controller-manager"),
}
_SERVER: Final = Holder("kube-apiserver")
RENEW_WITHIN: Final = timedelta(days=LEAF_DAYS / 3)


class Pki:
    """What `ensure` has made sure of."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder, self.authority = folder, authority

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def service_account_key(self) -> bytes:
        """The private key, PEM, that signs tokens of service accounts."""
        return (self.folder / "sa.key").read_bytes()

    def files(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of `apiserver` or one of CLIENTS."""
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def pair(self, name: str) -> Pair:
        certificate, key = self.files(name)
        return Pair(certificate.read_bytes(), key.read_bytes())

    def sign_node(self, request: bytes, node: str, hosts: Iterable[str], now: datetime) -> bytes:
        """A node's certificate, PEM: as a client it is the kubelet of `node`, as a server it is valid for `hosts`.

        `request`: a PEM certificate request, of which the key is taken. Raises InvalidArgument.
        """
        return self.authority.sign(request, node_holder(node), now, hosts)


def node_holder(node: str) -> Holder:
    return Holder(NODE_PREFIX + node, (NODES,))


def ensure(folder: Path, hosts: tuple[str, ...], now: datetime) -> Pki:
    """The folder's certificates, all good for a while. Blocks for some milliseconds. Raises SystemProblem."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    pki = Pki(folder, _authority(folder, now))
    _signing_key(folder)
    _pair(pki, "apiserver", _SERVER, frozenset(hosts), now)
    for name, holder in CLIENTS.items():
        _pair(pki, name, holder, frozenset(), now)
    return pki


def _authority(folder: Path, now: datetime) -> Authority:
    certificate, key = folder / "ca.crt", folder / "ca.key"
    try:
        if not certificate.exists():  # perhaps killed between the two: then the key is kept
            made = Authority.create("hythe-ca", now, key.read_bytes() if key.exists() else None)
            write_atomic(key, made.pair.key, 0o600)
            write_atomic(certificate, made.pair.certificate)
        return Authority(Pair(certificate.read_bytes(), key.read_bytes()))
    except (OSError, InvalidArgument) as error:
        raise SystemProblem(
            f"{certificate}: {error}",
            hint="put the authority's certificate and key back, or remove the folder",
        ) from error


def _signing_key(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private, public = folder / "sa.key", folder / "sa.pub"
    if not private.exists():
        new = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        pem = new.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        write_atomic(private, pem, 0o600)
    try:
        key = serialization.load_pem_private_key(private.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise SystemProblem(f"{private}: not a private key: {error}") from error
    if not public.exists():
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        write_atomic(public, key.public_key().public_bytes(serialization.Encoding.PEM, form))


def _pair(pki: Pki, name: str, holder: Holder, hosts: frozenset[str], now: datetime) -> None:
    certificate, key = pki.files(name)
    with suppress(OSError, InvalidArgument):
        if _good(pki, pki.pair(name), holder, hosts, now):
            return
    made = pki.authority.issue(holder, now, sorted(hosts))
    # A crash between the two leaves a pair that does not match, which is not good and made anew.
    write_atomic(key, made.key, 0o600)
    write_atomic(certificate, made.certificate)


def _good(pki: Pki, pair: Pair, holder: Holder, hosts: frozenset[str], now: datetime) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization

    named, end, valid_for = certificates.subject_and_end(pair.certificate)
    try:
        read = x509.load_pem_x509_certificate(pair.certificate)
        read.verify_directly_issued_by(pki.authority.certificate)
        matches = serialization.load_pem_private_key(pair.key, None).public_key() == read.public_key()
    except (ValueError, TypeError, InvalidSignature):
        return False
    return matches and named == holder and hosts <= valid_for and end - now > RENEW_WITHIN
