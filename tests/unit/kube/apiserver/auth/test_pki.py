"""The cluster's certificates: what is made, what is kept, what is refused."""

from __future__ import annotations

import asyncio
import ssl
import stat
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hythe.errors import InvalidArgument, SystemProblem
from hythe.kube.apiserver.auth import pki
from hythe.kube.apiserver.auth.authority import Authority, Holder, Pair, subject_and_end
from hythe.kube.apiserver.auth.kubeconfig import kubeconfig, write_kubeconfig
from hythe.kube.apiserver.auth.names import server_hosts
from hythe.kube.apiserver.auth.renewal import Renewal
from hythe.kube.objects.status import ApiError

NOW = datetime.now(UTC)
HOSTS = ("localhost", "127.0.0.1", "kubernetes.default.svc")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("test-ca", NOW)


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.certificate.decode())


def request(name: str = "anybody") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


class TestClients:
    def test_user_and_groups(self, authority: Authority) -> None:
        holder = Holder("jane", ("developers", "admins"))
        assert authority.verify_client(der(authority.issue(holder, NOW)), NOW)[0] == holder

    def test_another_authority_of_the_same_name(self, authority: Authority) -> None:
        other = Authority.create("test-ca", NOW)
        with pytest.raises(ApiError) as caught:
            authority.verify_client(der(other.issue(Holder("jane"), NOW)), NOW)
        assert (caught.value.code, caught.value.reason) == (401, "Unauthorized")

    @pytest.mark.parametrize("at", [NOW + timedelta(days=366), NOW - timedelta(days=1)])
    def test_not_now(self, authority: Authority, at: datetime) -> None:
        pair = authority.issue(Holder("jane"), NOW)
        with pytest.raises(ApiError):
            authority.verify_client(der(pair), at)

    def test_not_signed_by_a_client_that_it_signed(self, authority: Authority) -> None:
        """A client's certificate is no authority, so it makes no others."""
        jane = authority.issue(Holder("jane"), NOW)
        forged = Authority(jane).issue(Holder("admin", ("system:masters",)), NOW)
        with pytest.raises(ApiError):
            authority.verify_client(der(forged), NOW)

    def test_a_changed_one(self, authority: Authority) -> None:
        changed = bytearray(der(authority.issue(Holder("jane"), NOW)))
        changed[changed.index(b"jane")] = ord("J")
        with pytest.raises(ApiError):
            authority.verify_client(bytes(changed), NOW)

    @pytest.mark.parametrize("junk", [b"", b"x", b"\x30\x82" + b"\0" * 50])
    def test_no_certificate(self, authority: Authority, junk: bytes) -> None:
        with pytest.raises(ApiError):
            authority.verify_client(junk, NOW)

    def test_without_a_name(self, authority: Authority) -> None:
        with pytest.raises((ApiError, ValueError)):
            authority.verify_client(der(authority.issue(Holder(""), NOW)), NOW)

    def test_the_authority_itself_is_no_client(self, authority: Authority) -> None:
        with pytest.raises(ApiError):
            authority.verify_client(der(authority.pair), NOW)


class TestNodes:
    def test_of_a_request_only_the_key_is_taken(self, tmp_path: Path) -> None:
        made = pki.ensure(tmp_path / "pki", HOSTS, NOW)
        signed = made.sign_node(request("system:admin"), "n1", ["n1", "192.0.2.1"], NOW)
        holder, _, hosts = subject_and_end(signed)
        assert holder == Holder("system:node:n1", ("system:nodes",))
        assert hosts == {"n1", "192.0.2.1"}
        assert made.authority.verify_client(ssl.PEM_cert_to_DER_cert(signed.decode()), NOW)[0] == holder

    def test_a_request_that_is_none(self, authority: Authority) -> None:
        with pytest.raises(InvalidArgument):
            authority.sign(
                b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
                Holder("x"),
                NOW,
            )

    def test_a_request_for_somebody_elses_key(self, authority: Authority) -> None:
        broken = x509.load_pem_x509_csr(request()).public_bytes(serialization.Encoding.DER)
        pem = b"-----BEGIN CERTIFICATE REQUEST-----\n%s-----END CERTIFICATE REQUEST-----\n"
        import base64

        changed = broken[:-1] + bytes([broken[-1] ^ 1])
        with pytest.raises(InvalidArgument):
            authority.sign(pem % base64.encodebytes(changed), Holder("x"), NOW)


class TestFolder:
    def test_modes(self, tmp_path: Path) -> None:
        folder = tmp_path / "pki"
        pki.ensure(folder, HOSTS, NOW)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.glob("*.key")} == {0o600}
        names = {"apiserver", "kubelet-client", "admin", "scheduler", "controller-manager", "ca"}
        assert {file.stem for file in folder.glob("*.crt")} == names

    def test_a_second_start_changes_nothing(self, tmp_path: Path) -> None:
        pki.ensure(tmp_path, HOSTS, NOW)
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        pki.ensure(tmp_path, HOSTS[:1], NOW + timedelta(days=200))
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before

    def test_renewed_before_the_end(self, tmp_path: Path) -> None:
        before = pki.ensure(tmp_path, HOSTS, NOW).pair("admin")
        later = NOW + timedelta(days=300)
        after = pki.ensure(tmp_path, HOSTS, later)
        assert after.pair("admin") != before
        assert after.authority.verify_client(der(after.pair("admin")), later + timedelta(days=300))

    @pytest.mark.parametrize("harm", ["remove", "damage", "mismatch"])
    def test_mended(self, tmp_path: Path, harm: str) -> None:
        pki.ensure(tmp_path, HOSTS, NOW)
        file = tmp_path / "admin.crt"
        if harm == "remove":
            file.unlink()
        else:
            file.write_bytes(b"junk" if harm == "damage" else (tmp_path / "scheduler.crt").read_bytes())
        made = pki.ensure(tmp_path, HOSTS, NOW)
        assert made.authority.verify_client(der(made.pair("admin")), NOW)[0] == pki.CLIENTS["admin"]

    def test_another_host_is_another_certificate(self, tmp_path: Path) -> None:
        before = pki.ensure(tmp_path, HOSTS, NOW).pair("apiserver")
        after = pki.ensure(tmp_path, (*HOSTS, "192.0.2.7"), NOW).pair("apiserver")
        assert before != after and "192.0.2.7" in subject_and_end(after.certificate)[2]

    def test_killed_between_key_and_certificate(self, tmp_path: Path) -> None:
        made = pki.ensure(tmp_path, HOSTS, NOW)
        admin = der(made.pair("admin"))
        made.ca_file.unlink()
        again = pki.ensure(tmp_path, HOSTS, NOW)
        assert again.authority.verify_client(admin, NOW)[0] == pki.CLIENTS["admin"]

    @pytest.mark.parametrize("name", ["ca.key", "ca.crt", "sa.key"])
    def test_what_everything_hangs_on_is_not_replaced(self, tmp_path: Path, name: str) -> None:
        pki.ensure(tmp_path, HOSTS, NOW)
        (tmp_path / name).write_bytes(b"junk")
        with pytest.raises(SystemProblem):
            pki.ensure(tmp_path, HOSTS, NOW)
        assert (tmp_path / name).read_bytes() == b"junk"

    def test_tls_takes_them(self, tmp_path: Path) -> None:
        """A handshake with both sides' certificates, in memory."""
        made = pki.ensure(tmp_path, HOSTS, NOW)
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(made.ca_file))
        server.load_cert_chain(*map(str, made.files("apiserver")))
        server.verify_mode = ssl.CERT_REQUIRED
        client = ssl.create_default_context(cafile=str(made.ca_file))
        client.verify_flags |= ssl.VERIFY_X509_STRICT
        client.load_cert_chain(*map(str, made.files("admin")))
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        one = client.wrap_bio(to_client, to_server, server_hostname="kubernetes.default.svc")
        other = server.wrap_bio(to_server, to_client, server_side=True)
        for side in (one, other, one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        peer = other.getpeercert(binary_form=True)
        assert peer and made.authority.verify_client(peer, NOW)[0].name == "kubernetes-admin"


async def test_renewed_while_the_server_runs(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path, HOSTS, NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made.files("apiserver"))
    before = served(context)
    slept: list[float] = []
    over = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 2:
            over.set()
            await asyncio.Event().wait()

    days = iter((10, 300))
    again = Renewal(
        lambda: pki.ensure(tmp_path, HOSTS, NOW + timedelta(days=next(days))), {"apiserver": context}, sleep
    )
    again.start()
    await over.wait()
    await again.stop()
    after = served(context)
    assert after != before and after == ssl.PEM_cert_to_DER_cert((tmp_path / "apiserver.crt").read_text())


def served(context: ssl.SSLContext) -> bytes:
    """The certificate that a client is shown."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server)
    other = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (one, other, one, other):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    shown = one.getpeercert(binary_form=True)
    assert shown
    return shown


def test_server_hosts() -> None:
    hosts = server_hosts(
        IPv4Network("10.96.0.0/16"), "cluster.local", ("198.51.100.1", "0.0.0.0", ""), host=False
    )
    assert hosts == (
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        "localhost",
        "127.0.0.1",
        "::1",
        "198.51.100.1",
    )


def test_kubeconfig(tmp_path: Path, authority: Authority) -> None:
    pair = authority.issue(Holder("jane"), NOW)
    path = tmp_path / "deep" / "config"
    write_kubeconfig(path, kubeconfig("https://[::1]:6443", authority.pair.certificate, pair, user='a"b: c'))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    read = yaml.safe_load(path.read_text())
    assert read["clusters"][0]["cluster"]["server"] == "https://[::1]:6443"
    assert read["users"][0]["name"] == 'a"b: c'
    assert read["current-context"] == read["contexts"][0]["name"] == 'a"b: c@hythe'
