"""Signed tokens as text: three parts of base64url, JSON header, JSON claims, signature (RFC 7515, 7518, 7519).

Two algorithms, and the key alone says which: ES256 for ECDSA on P-256, RS256 for RSA. What a token's header says must
agree with that, so `none`, HMAC with the public key as a secret, and the other algorithm of somebody's choice are
refused before anything is computed. Headers that must be understood (`crit`) are not, so they are refused too. Base64
is read strictly: one token has one text.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hythe.errors import InvalidArgument

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

MAX_TOKEN: Final = 16 * 1024
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_ES256_BYTES: Final = 32  # of r, and of s
_MIN_RSA_BITS: Final = 2048

Claims = dict[str, Any]


class InvalidToken(InvalidArgument):
    """The text is no token, or none that a key of ours has signed."""


class Verifier:
    """Knows one public key."""

    def __init__(self, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
            self.algorithm = "ES256"
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS:
            self.algorithm = "RS256"
        else:
            raise InvalidArgument("a key for tokens is ECDSA on P-256, or RSA of 2048 bits or more")
        self._key = key
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key_id = encode(hashlib.sha256(der).digest())

    @classmethod
    def read(cls, pem: bytes) -> Verifier:
        """From a public key, PEM. Raises InvalidArgument."""
        from cryptography.hazmat.primitives import serialization

        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError as error:
            raise InvalidArgument(f"not a public key: {error}") from error
        return cls(key)  # type: ignore[arg-type]  # which kind it is, is checked there

    def claims(self, token: str) -> Claims:
        """What a token says, if this key signed it. Raises InvalidToken. Nothing is said of when and for whom."""
        head, body, signature = _parts(token)
        header = _json(head)
        if header.get("alg") != self.algorithm or "crit" in header:
            raise InvalidToken("the token is not signed as it should be")
        if header.get("kid", self.key_id) != self.key_id:
            raise InvalidToken("the token is signed by another key")
        self._verify(f"{head}.{body}".encode(), decode(signature))
        return _json(body)

    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key (RFC 7517), for other parties who verify tokens."""
        from cryptography.hazmat.primitives.asymmetric import ec

        named = {"use": "sig", "kid": self.key_id, "alg": self.algorithm}
        if isinstance(self._key, ec.EllipticCurvePublicKey):
            point = self._key.public_numbers()
            x, y = (encode(number.to_bytes(_ES256_BYTES, "big")) for number in (point.x, point.y))
            return {**named, "kty": "EC", "crv": "P-256", "x": x, "y": y}
        numbers = self._key.public_numbers()
        n, e = (encode(k.to_bytes((k.bit_length() + 7) // 8, "big")) for k in (numbers.n, numbers.e))
        return {**named, "kty": "RSA", "n": n, "e": e}

    def _verify(self, signed: bytes, signature: bytes) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        try:
            if isinstance(self._key, ec.EllipticCurvePublicKey):
                if len(signature) != 2 * _ES256_BYTES:
                    raise InvalidToken("the token's signature has another length")
                r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
                self._key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
            else:
                self._key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise InvalidToken("the token's signature does not hold") from error


class Signer:
    """Knows one private key, PEM. Raises InvalidArgument for what is none."""

    def __init__(self, pem: bytes) -> None:
        from cryptography.hazmat.primitives import serialization

        try:
            self._key = serialization.load_pem_private_key(pem, None)
        except (ValueError, TypeError) as error:
            raise InvalidArgument(f"not a private key: {error}") from error
        self.verifier = Verifier(self._key.public_key())  # type: ignore[arg-type]  # checked there

    def sign(self, claims: Claims) -> str:
        """The token."""
        header = {"alg": self.verifier.algorithm, "kid": self.verifier.key_id}
        signed = f"{encode(msgspec.json.encode(header))}.{encode(msgspec.json.encode(claims))}"
        return f"{signed}.{encode(self._sign(signed.encode()))}"

    def _sign(self, signed: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(_ES256_BYTES, "big") + s.to_bytes(_ES256_BYTES, "big")
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        raise InvalidArgument("a key for tokens is ECDSA on P-256, or RSA")


def is_signed(token: str) -> bool:
    """Whether the text has the form of a signed token at all."""
    return token.count(".") == 2 and token.startswith("ey")


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises InvalidToken for what `encode` does not write."""
    if not _PART.fullmatch(text) or len(text) % 4 == 1:
        raise InvalidToken("the token is not base64url")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise InvalidToken("the token is not base64url")
    return data


def _parts(token: str) -> tuple[str, str, str]:
    if len(token) > MAX_TOKEN:
        raise InvalidToken("the token is too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidToken("the token does not have three parts")
    return parts[0], parts[1], parts[2]


def _json(part: str) -> Claims:
    try:
        said = msgspec.json.decode(decode(part))
    except msgspec.DecodeError as error:
        raise InvalidToken("the token is not JSON") from error
    if not isinstance(said, dict):
        raise InvalidToken("the token is not a JSON object")
    return said
