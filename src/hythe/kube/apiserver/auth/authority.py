"""The cluster's certificate authority: an X.509 certificate and the key that signs others.

Keys are ECDSA on P-256. Who holds a client certificate is its subject: the common name is the user, each organisation a
group. So whoever can have a certificate signed can be anybody, and `sign` is called with subjects of our choice alone:
of a request for a certificate only the public key is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from hythe.errors import InvalidArgument
from hythe.kube.objects.status import unauthorized

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

CA_DAYS: Final = 3650
LEAF_DAYS: Final = 365
_BACKDATED: Final = timedelta(minutes=5)  # for clocks that are behind


class Pair(NamedTuple):
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


class Holder(NamedTuple):
    """Whom a certificate names."""

    name: str
    groups: tuple[str, ...] = ()


class Authority:
    """Raises InvalidArgument for PEM that is none, or a key that is not the certificate's."""

    def __init__(self, pair: Pair) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        self.pair = pair
        try:
            self.certificate = x509.load_pem_x509_certificate(pair.certificate)
            key = serialization.load_pem_private_key(pair.key, None)
        except (ValueError, TypeError) as error:
            raise InvalidArgument(f"the certificate authority cannot be read: {error}") from error
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != self.certificate.public_key()
        ):
            raise InvalidArgument("the key of the certificate authority is not that of its certificate")
        self._key = key

    @classmethod
    def create(cls, name: str, now: datetime, key_pem: bytes | None = None) -> Authority:
        """A new one, self-signed, whose subject is `name`; with a new key, unless there is one."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        key = _read_key(key_pem) if key_pem else _new_key()
        usage = _key_usage(key_cert_sign=True, crl_sign=True)
        builder = (
            _builder(Holder(name), key.public_key(), now, CA_DAYS)
            .issuer_name(_subject(Holder(name)))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        certificate = builder.sign(key, hashes.SHA256())
        return cls(Pair(_pem(certificate), _key_pem(key)))

    def issue(self, holder: Holder, now: datetime, hosts: Iterable[str] = (), days: int = LEAF_DAYS) -> Pair:
        """A new key and its certificate: a client's, and with `hosts` (names and addresses) a server's as well."""
        key = _new_key()
        return Pair(self._sign(holder, key.public_key(), now, hosts, days), _key_pem(key))

    def sign(self, request: bytes, holder: Holder, now: datetime, hosts: Iterable[str] = ()) -> bytes:
        """The certificate, PEM, for the public key of a PEM certificate request whose sender proves to have its key.

        InvalidArgument for a request that cannot be read or does not hold.
        """
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        try:
            asked = x509.load_pem_x509_csr(request)
            valid = asked.is_signature_valid
            key = asked.public_key()
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise InvalidArgument(f"the certificate request cannot be read: {error}") from error
        if not valid:
            raise InvalidArgument("the certificate request is not signed by its own key")
        return self._sign(holder, key, now, hosts, LEAF_DAYS)

    def _sign(
        self, holder: Holder, key: CertificatePublicKeyTypes, now: datetime, hosts: Iterable[str], days: int
    ) -> bytes:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import ExtendedKeyUsageOID

        hosts = list(hosts)
        purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        builder = (
            _builder(holder, key, now, days)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(map(_alternative, hosts)), critical=False
            )
        return _pem(builder.sign(self._key, hashes.SHA256()))

    def verify_client(self, certificate: bytes, now: datetime) -> tuple[Holder, datetime]:
        """Whom a client's certificate (DER) names, and its end. ApiError 401 if it is not ours, or not valid now."""
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        try:
            held = x509.load_der_x509_certificate(certificate)
            held.verify_directly_issued_by(self.certificate)
            holds = held.not_valid_before_utc <= now <= held.not_valid_after_utc and _is_client(held)
            holder = _holder(held)
        except (
            ValueError,
            TypeError,
            InvalidSignature,
            UnsupportedAlgorithm,
            x509.ExtensionNotFound,
        ) as error:
            raise unauthorized() from error
        if not holds or not holder.name:
            raise unauthorized()
        return holder, held.not_valid_after_utc


def subject_and_end(certificate: bytes) -> tuple[Holder, datetime, frozenset[str]]:
    """Of a PEM certificate: whom it names, when it ends, the hosts it is valid for. InvalidArgument if it is none."""
    from cryptography import x509

    try:
        read = x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise InvalidArgument(f"the certificate cannot be read: {error}") from error
    hosts: set[str] = set()
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts.update(
            names.get_values_for_type(x509.DNSName), map(str, names.get_values_for_type(x509.IPAddress))
        )
    except x509.ExtensionNotFound:
        pass
    return _holder(read), read.not_valid_after_utc, frozenset(hosts)


def _is_client(certificate: x509.Certificate) -> bool:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return ExtendedKeyUsageOID.CLIENT_AUTH in purposes


def _holder(certificate: x509.Certificate) -> Holder:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Holder(str(names[0].value) if names else "", tuple(str(group.value) for group in groups))


def _subject(holder: Holder) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in holder.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, holder.name)])


def _builder(
    holder: Holder, key: CertificatePublicKeyTypes, now: datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(_subject(holder))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _alternative(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(**allowed: bool) -> x509.KeyUsage:
    from cryptography import x509

    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
        " encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names.split()})


def _new_key() -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise InvalidArgument(f"the key of the authority cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InvalidArgument("the key of the authority is not for ECDSA")
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def now() -> datetime:
    return datetime.now(UTC)
