"""Tokens: what is issued counts, and nothing else does."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hythe.errors import InvalidArgument
from hythe.kube.apiserver.auth.authenticator import ClusterAuthenticator
from hythe.kube.apiserver.auth.authority import Authority, Holder
from hythe.kube.apiserver.auth.bearers import BootstrapTokens, StaticTokens, new_token
from hythe.kube.apiserver.auth.jws import InvalidToken, Signer, Verifier, decode, encode
from hythe.kube.apiserver.auth.serviceaccounts import Tokens, split_user_name
from hythe.kube.apiserver.auth.tokenrequests import request_token
from hythe.kube.apiserver.identity import User
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import Object

ISSUER = "https://kubernetes.default.svc.cluster.local"
NOW = 1_800_000_000.0


class Objects:
    """What there is, by resource, namespace and name."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str, str], Object] = {}

    def add(self, resource: str, namespace: str, name: str, **fields: Any) -> Object:
        metadata = {"name": name, "namespace": namespace, "uid": f"uid-of-{name}"}
        obj: Object = {"metadata": metadata, **fields}
        self.there[resource, namespace, name] = obj
        return obj

    async def find(self, resource: str, namespace: str, name: str) -> Object | None:
        return self.there.get((resource, namespace, name))


class Clock:
    def __init__(self) -> None:
        self.seconds = NOW

    def __call__(self) -> float:
        return self.seconds


def private_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
SIGNER = Signer(private_pem(EC_KEY))


@pytest.fixture
def objects() -> Objects:
    found = Objects()
    found.add("serviceaccounts", "default", "robot")
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(objects: Objects, clock: Clock) -> Tokens:
    return Tokens(SIGNER, objects, ISSUER, now=clock)


def altered(token: str, place: int, change: dict[str, Any]) -> str:
    """The token with its header (0) or claims (1) changed, and the signature as it was."""
    parts = token.split(".")
    said = json.loads(decode(parts[place]))
    parts[place] = encode(json.dumps({**said, **change}).encode())
    return ".".join(parts)


class TestSignatures:
    @pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ES256", "RS256"])
    def test_what_is_signed_can_be_read(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        token = Signer(private_pem(key)).sign({"sub": "x"})
        assert Verifier.read(public_pem(key)).claims(token) == {"sub": "x"}

    @pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES384", "", None, 1])
    def test_another_algorithm(self, algorithm: object) -> None:
        token = altered(SIGNER.sign({"sub": "x"}), 0, {"alg": algorithm})
        with pytest.raises(InvalidToken):
            SIGNER.verifier.claims(token)

    def test_none_without_signature(self) -> None:
        head, body = encode(b'{"alg":"none"}'), encode(b'{"sub":"admin"}')
        for token in (f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.AA"):
            with pytest.raises(InvalidToken):
                SIGNER.verifier.claims(token)

    def test_hmac_with_the_public_key_as_secret(self) -> None:
        signed = f"{encode(json.dumps({'alg': 'HS256'}).encode())}.{encode(b'{}')}"
        mac = hmac.digest(public_pem(RSA_KEY), signed.encode(), "sha256")
        with pytest.raises(InvalidToken):
            Verifier.read(public_pem(RSA_KEY)).claims(f"{signed}.{encode(mac)}")

    def test_changed_claims(self) -> None:
        with pytest.raises(InvalidToken):
            SIGNER.verifier.claims(altered(SIGNER.sign({"sub": "x"}), 1, {"sub": "admin"}))

    def test_another_key_under_the_same_id(self) -> None:
        forged = Signer(private_pem(ec.generate_private_key(ec.SECP256R1()))).sign({"sub": "x"})
        with pytest.raises(InvalidToken):
            SIGNER.verifier.claims(altered(forged, 0, {"kid": SIGNER.verifier.key_id}))

    @pytest.mark.parametrize("signature", [b"\0" * 64, b"\xff" * 64, b"", b"\1" * 63, b"\1" * 65])
    def test_signatures_that_are_none(self, signature: bytes) -> None:
        head, body, _ = SIGNER.sign({"sub": "x"}).split(".")
        with pytest.raises(InvalidToken):
            SIGNER.verifier.claims(f"{head}.{body}.{encode(signature)}")

    def test_critical_headers(self) -> None:
        with pytest.raises(InvalidToken):
            SIGNER.verifier.claims(altered(SIGNER.sign({}), 0, {"crit": ["exp"]}))

    @pytest.mark.parametrize(
        "text", ["", ".", "..", "a.b.c", "a" * 20_000, "eyJ.eyJ.eyJ", "\ud800.a.a", "é.é.é"]
    )
    def test_what_is_no_token(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            SIGNER.verifier.claims(text)

    @pytest.mark.parametrize("text", ["YQ==", "Y Q", "YR", "+/", "Y", "YQ\n"])
    def test_one_token_has_one_text(self, text: str) -> None:
        with pytest.raises(InvalidToken):
            decode(text)

    def test_keys_that_are_too_weak(self) -> None:
        with pytest.raises(InvalidArgument):
            Verifier.read(public_pem(rsa.generate_private_key(65537, 1024)))
        with pytest.raises(InvalidArgument):
            Verifier.read(public_pem(ec.generate_private_key(ec.SECP384R1())))


class TestServiceAccounts:
    async def test_who(self, tokens: Tokens, objects: Objects) -> None:
        pod = objects.add("pods", "default", "web")
        token, _ = tokens.issue(
            objects.there["serviceaccounts", "default", "robot"], [ISSUER], 600, {"pod": pod}
        )
        user, audiences = await tokens.verify(token)
        assert (user.name, user.uid) == ("system:serviceaccount:default:robot", "uid-of-robot")
        assert user.groups == (
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated",
        )
        assert user.extra["authentication.kubernetes.io/pod-name"] == ("web",)
        assert audiences == (ISSUER,)

    async def test_ended(self, tokens: Tokens, objects: Objects, clock: Clock) -> None:
        token, end = tokens.issue(objects.there["serviceaccounts", "default", "robot"], [ISSUER], 600)
        await tokens.verify(token)
        clock.seconds = end
        with pytest.raises(InvalidToken, match="expired"):
            await tokens.verify(token)

    async def test_for_somebody_else(self, tokens: Tokens, objects: Objects) -> None:
        token, _ = tokens.issue(objects.there["serviceaccounts", "default", "robot"], ["vault"], 600)
        with pytest.raises(InvalidToken, match="somebody else"):
            await tokens.verify(token)
        assert (await tokens.verify(token, ["other", "vault"]))[1] == ("vault",)

    async def test_of_another_issuer(self, tokens: Tokens, objects: Objects) -> None:
        other = Tokens(SIGNER, objects, "https://elsewhere", [ISSUER], now=lambda: NOW)
        token, _ = other.issue(objects.there["serviceaccounts", "default", "robot"], [ISSUER], 600)
        with pytest.raises(InvalidToken, match="issued by somebody else"):
            await tokens.verify(token)

    @pytest.mark.parametrize("kind", ["pod", "secret", "node"])
    async def test_void_when_what_it_is_bound_to_is_gone(
        self, tokens: Tokens, objects: Objects, kind: str
    ) -> None:
        place = (f"{kind}s", "" if kind == "node" else "default", "thing")
        bound = objects.add(*place)
        token, _ = tokens.issue(
            objects.there["serviceaccounts", "default", "robot"], [ISSUER], 600, {kind: bound}
        )
        await tokens.verify(token)
        objects.there[place] = {"metadata": {**bound["metadata"], "uid": "another"}}
        with pytest.raises(InvalidToken, match="gone"):
            await tokens.verify(token)
        del objects.there[place]
        with pytest.raises(InvalidToken, match="gone"):
            await tokens.verify(token)

    async def test_void_with_its_account(self, tokens: Tokens, objects: Objects) -> None:
        place = ("serviceaccounts", "default", "robot")
        token, _ = tokens.issue(objects.there[place], [ISSUER], 600)
        await tokens.verify(token)
        objects.there[place] = {"metadata": {**objects.there[place]["metadata"], "uid": "made again"}}
        with pytest.raises(InvalidToken, match="gone"):
            await tokens.verify(token)

    @pytest.mark.parametrize(
        "change",
        [
            {"sub": "system:serviceaccount:kube-system:robot"},
            {"kubernetes.io": None},
            {"kubernetes.io": {"namespace": "default"}},
            {
                "kubernetes.io": {
                    "namespace": "../kube-system",
                    "serviceaccount": {"name": "robot", "uid": "x"},
                }
            },
            {"kubernetes.io": {"namespace": ["default"], "serviceaccount": {"name": "robot"}}},
            {"exp": None},
            {"exp": "2100"},
            {"nbf": NOW + 1000},
            {"aud": {"a": ISSUER}},
        ],
    )
    async def test_claims_that_do_not_fit(
        self, tokens: Tokens, objects: Objects, change: dict[str, Any]
    ) -> None:
        """Signed by the right key, and yet refused."""
        token, _ = tokens.issue(objects.there["serviceaccounts", "default", "robot"], [ISSUER], 600)
        claims = {**SIGNER.verifier.claims(token), **change}
        with pytest.raises(InvalidToken):
            await tokens.verify(SIGNER.sign(claims))

    @pytest.mark.parametrize("name", ["system:serviceaccount:a:", "system:serviceaccount:a:b:c", "x:a:b", ""])
    def test_names_that_are_no_service_accounts(self, name: str) -> None:
        assert split_user_name(name) is None


class TestTokenRequests:
    async def test_answer(self, tokens: Tokens, objects: Objects) -> None:
        account = objects.there["serviceaccounts", "default", "robot"]
        answer = await request_token({"spec": {}}, account, tokens, objects)
        assert answer["spec"] == {"audiences": [ISSUER], "expirationSeconds": 3600}
        assert answer["status"]["expirationTimestamp"] == "2027-01-15T09:00:00Z"
        assert (await tokens.verify(answer["status"]["token"]))[
            0
        ].name == "system:serviceaccount:default:robot"

    @pytest.mark.parametrize(
        ("seconds", "why"),
        [
            (599, "may not specify a duration less than 10 minutes"),
            (0, "may not specify a duration less than 10 minutes"),
            ((1 << 32) + 1, "may not specify a duration larger than 2^32 seconds"),
        ],
    )
    async def test_durations(self, tokens: Tokens, objects: Objects, seconds: int, why: str) -> None:
        account = objects.there["serviceaccounts", "default", "robot"]
        with pytest.raises(ApiError) as caught:
            await request_token({"spec": {"expirationSeconds": seconds}}, account, tokens, objects)
        (cause,) = caught.value.causes
        assert (caught.value.code, cause.field) == (422, "spec.expirationSeconds")
        assert cause.message == f"Invalid value: {seconds}: {why}"

    async def test_bound_to_a_pod_and_its_node(self, tokens: Tokens, objects: Objects) -> None:
        objects.add("pods", "default", "web", spec={"serviceAccountName": "robot", "nodeName": "n1"})
        objects.add("nodes", "", "n1")
        reference = {"kind": "Pod", "apiVersion": "v1", "name": "web", "uid": "uid-of-web"}
        answer = await request_token(
            {"spec": {"boundObjectRef": reference}},
            objects.there["serviceaccounts", "default", "robot"],
            tokens,
            objects,
        )
        user, _ = await tokens.verify(answer["status"]["token"])
        assert user.extra["authentication.kubernetes.io/node-name"] == ("n1",)

    @pytest.mark.parametrize(
        ("reference", "code"),
        [
            ({"kind": "Pod", "name": "absent"}, 404),
            ({"kind": "Pod", "name": "web", "uid": "older"}, 409),
            ({"kind": "Pod", "name": "others"}, 400),
            ({"kind": "ConfigMap", "name": "web"}, 400),
        ],
    )
    async def test_bindings_that_cannot_be(
        self, tokens: Tokens, objects: Objects, reference: Object, code: int
    ) -> None:
        objects.add("pods", "default", "web", spec={"serviceAccountName": "robot"})
        objects.add("pods", "default", "others", spec={"serviceAccountName": "somebody"})
        account = objects.there["serviceaccounts", "default", "robot"]
        with pytest.raises(ApiError) as caught:
            await request_token({"spec": {"boundObjectRef": reference}}, account, tokens, objects)
        assert caught.value.code == code


class TestBootstrapTokens:
    def secret(self, objects: Objects, token: str, **more: str) -> Object:
        identity, _, secret = token.partition(".")
        data = {
            "token-id": identity,
            "token-secret": secret,
            "usage-bootstrap-authentication": "true",
            **{key.replace("_", "-"): value for key, value in more.items()},
        }
        encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
        kind = "bootstrap.kubernetes.io/token"
        return objects.add("secrets", "kube-system", f"bootstrap-token-{identity}", type=kind, data=encoded)

    async def test_who(self, objects: Objects, clock: Clock) -> None:
        token = new_token()
        self.secret(objects, token, auth_extra_groups="system:bootstrappers:workers")
        user = await BootstrapTokens(objects, clock).find(token)
        assert user and user.name == f"system:bootstrap:{token[:6]}"
        assert user.groups == ("system:bootstrappers", "system:bootstrappers:workers", "system:authenticated")

    @pytest.mark.parametrize(
        "more",
        [
            {"token_secret": "0123456789abcdef"},
            {"token_id": "aaaaaa"},
            {"usage_bootstrap_authentication": "false"},
            {"expiration": "2020-01-01T00:00:00Z"},
            {"expiration": "some day"},
            {"auth_extra_groups": "system:masters"},
        ],
    )
    async def test_refused(self, objects: Objects, clock: Clock, more: dict[str, str]) -> None:
        token = new_token()
        self.secret(objects, token, **more)
        assert await BootstrapTokens(objects, clock).find(token) is None

    async def test_another_type_of_secret(self, objects: Objects, clock: Clock) -> None:
        token = new_token()
        self.secret(objects, token)["type"] = "Opaque"
        assert await BootstrapTokens(objects, clock).find(token) is None

    @pytest.mark.parametrize(
        "text",
        ["", "a.b", "../../x.0123456789abcdef", "ABCDEF.0123456789ABCDEF", "abcdef.0123456789abcdef\n"],
    )
    async def test_other_forms(self, objects: Objects, clock: Clock, text: str) -> None:
        assert await BootstrapTokens(objects, clock).find(text) is None


class TestAuthenticator:
    @pytest.fixture
    def authority(self) -> Authority:
        return Authority.create("ca", datetime.now(UTC))

    @pytest.fixture
    def authenticator(self, authority: Authority, tokens: Tokens) -> ClusterAuthenticator:
        return ClusterAuthenticator(authority, StaticTokens({"s3cret": User("agent")}), None, tokens)

    def der(self, authority: Authority, holder: Holder) -> bytes:
        import ssl

        return ssl.PEM_cert_to_DER_cert(authority.issue(holder, datetime.now(UTC)).certificate.decode())

    async def test_nobody(self, authenticator: ClusterAuthenticator) -> None:
        assert await authenticator.authenticate(None, None) is None
        assert await authenticator.authenticate(None, "Basic YWRtaW46YWRtaW4=") is None
        assert await authenticator.authenticate(None, "Bearer ") is None

    async def test_certificate(self, authenticator: ClusterAuthenticator, authority: Authority) -> None:
        for _ in range(2):  # the second time from what is known
            user = await authenticator.authenticate(self.der(authority, Holder("jane", ("dev",))), None)
            assert user and (user.name, user.groups) == ("jane", ("dev", "system:authenticated"))

    async def test_certificate_of_another_authority(self, authenticator: ClusterAuthenticator) -> None:
        other = Authority.create("ca", datetime.now(UTC))
        with pytest.raises(ApiError) as caught:
            await authenticator.authenticate(self.der(other, Holder("jane")), None)
        assert caught.value.code == 401

    async def test_static_token(self, authenticator: ClusterAuthenticator) -> None:
        user = await authenticator.authenticate(None, "bearer s3cret")
        assert user and user.name == "agent"

    @pytest.mark.parametrize("token", ["wrong", "s3cret2", "eyJhbGciOiJub25lIn0.e30.", "é", "\udcff"])
    async def test_wrong_tokens_are_never_anonymous(
        self, authenticator: ClusterAuthenticator, token: str
    ) -> None:
        with pytest.raises(ApiError) as caught:
            await authenticator.authenticate(None, f"Bearer {token}")
        assert (caught.value.code, caught.value.message) == (401, "Unauthorized")

    async def test_static_tokens_have_no_other_audience(self, authenticator: ClusterAuthenticator) -> None:
        assert await authenticator.authenticate_token("s3cret", ["vault"]) is None
        assert await authenticator.authenticate_token("s3cret", ["vault", ISSUER]) == (
            User("agent"),
            (ISSUER,),
        )
