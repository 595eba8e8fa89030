"""Protobuf bodies, as kubectl 1.32 sent them, become the objects that kubectl shows for the same command."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hythe.kube.objects.schema import decode
from hythe.kube.objects.schema.decode import protobuf
from hythe.kube.objects.status import ApiError
from hythe.kube.objects.types import GroupVersionKind, Object

PROTOBUF = "application/vnd.kubernetes.protobuf"
# Each: the kubectl command, the body that it sent, and what `--dry-run=client -o json` prints.
SENT = json.loads(Path(__file__).with_name("kubectl-1.32.json").read_text())


def decoded(command: str) -> Object:
    data = base64.b64decode(next(one["body"] for one in SENT if one["command"].startswith(command)))
    gvk = protobuf.envelope(data)[0]
    return decode.body(data, PROTOBUF, gvk, "Strict").object


@pytest.mark.parametrize(
    "sent", [one for one in SENT if "object" in one], ids=lambda one: str(one["command"])
)
def test_a_body_is_what_kubectl_shows(sent: dict[str, Any]) -> None:
    shown = sent["object"]
    shown["metadata"].pop("namespace", None)
    gvk = GroupVersionKind.of(shown)
    expected = decode.typed(shown, gvk)
    assert expected.problems == []
    found = decode.body(base64.b64decode(sent["body"]), PROTOBUF, gvk, "Strict").object
    found["metadata"].pop("namespace", None)
    assert found == expected.object


def test_a_zero_behind_a_pointer_is_kept_and_others_are_dropped() -> None:
    spec = decoded("create deployment")["spec"]
    assert spec["replicas"] == 0
    assert "paused" not in spec and "minReadySeconds" not in spec


def test_a_token_request() -> None:
    assert decoded("create token")["spec"]["expirationSeconds"] == 600


def test_an_access_review() -> None:
    review = decoded("auth can-i")
    assert review["spec"]["resourceAttributes"] == {"namespace": "default", "verb": "get", "resource": "pods"}


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    head, rest = value & 0x7F, value >> 7
    return bytes([head | 0x80]) + varint(rest) if rest else bytes([head])


def map_entry(number: int, key: bytes, value: bytes) -> bytes:
    return field(number, field(1, key) + field(2, value))


def enveloped(api_version: str, kind: str, raw: bytes) -> bytes:
    meta = field(1, api_version.encode()) + field(2, kind.encode())
    return protobuf.MAGIC + field(1, meta) + field(2, raw)


def delete_options(raw: bytes) -> Object:
    gvk = GroupVersionKind("", "v1", "DeleteOptions")
    return decode.body(enveloped("apps/v1", "DeleteOptions", raw), PROTOBUF, gvk).object


def test_delete_options_of_any_group() -> None:
    found = delete_options(b"\x08\x00" + field(4, b"Foreground"))
    assert found["gracePeriodSeconds"] == 0 and found["propagationPolicy"] == "Foreground"


def test_fields_that_are_not_known_are_skipped() -> None:
    assert "gracePeriodSeconds" in delete_options(b"\x08\x05" + field(14, b"later") + b"\xf8\x01\x01")


def test_negative_numbers_are_signed() -> None:
    assert delete_options(b"\x08" + b"\xff" * 9 + b"\x01")["gracePeriodSeconds"] == -1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{}", "expected prefix [107 56 115 0]"),
        (protobuf.MAGIC + b"\x0a\xff", "unexpected EOF"),
        (protobuf.MAGIC + b"\x07", "illegal tag 0"),
        (enveloped("v1", "Nothing", b""), 'no kind "Nothing" is registered for version "v1"'),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ApiError) as raised:
        decode.body(data, PROTOBUF, GroupVersionKind("", "v1", "Pod"))
    assert raised.value.code == 400 and said in raised.value.message


def test_the_schema_of_a_definition() -> None:
    """Fields of JSONSchemaProps and what may stand in the place of one, by their numbers in generated.proto."""
    text = field(5, b"string")
    properties = b"".join(
        [
            map_entry(29, b"listed", field(5, b"array") + field(24, field(1, text))),
            map_entry(29, b"free", field(5, b"object") + field(30, b"\x08\x01")),
            map_entry(29, b"named", field(30, b"\x08\x00" + field(2, text))),
            map_entry(29, b"begun", text + field(8, field(1, b'"x"'))),
        ]
    )
    raw = field(2, field(7, field(1, b"v1") + field(4, field(1, field(5, b"object") + properties))))
    gvk = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    made = decode.body(enveloped(gvk.api_version, gvk.kind, raw), PROTOBUF, gvk, "Strict").object
    assert made["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == {
        "type": "object",
        "properties": {
            "listed": {"type": "array", "items": {"type": "string"}},
            "free": {"type": "object", "additionalProperties": True},
            "named": {"additionalProperties": {"type": "string"}},
            "begun": {"type": "string", "default": "x"},
        },
    }
