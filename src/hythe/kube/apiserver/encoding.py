"""Objects as the store's bytes, such that an answer can be made of them without decoding.

An object is kept as JSON that begins with its type and goes on with its metadata, without a resourceVersion, which
only the store knows:

    {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web",...},"spec":...}

So a revision is put in right behind `"metadata":{`, the first place where these bytes can stand, since neither a
version nor a kind has quotes in it. A list is its items joined; where a built-in kind's items go without a type, as
Kubernetes lists them, the head is cut off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

_MARK: Final = b'"metadata":{'
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_ORDER: Final = ("apiVersion", "kind", "metadata")


class _Labels(msgspec.Struct):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct):
    metadata: _Labels


_LABELLED: Final = msgspec.json.Decoder(_Labelled)


def pack(obj: dict[str, Any]) -> bytes:
    """An object as it is stored: type first, then metadata, without its resourceVersion."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    rest = {key: value for key, value in obj.items() if key not in _ORDER}
    return dumps({"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata, **rest})


def dumps(value: Any) -> bytes:
    """JSON, compact."""
    return _ENCODER.encode(value)


def head(api_version: str, kind: str) -> bytes:
    """What the bytes of every object of one kind begin with, up to its metadata."""
    return dumps({"apiVersion": api_version, "kind": kind})[:-1] + b","


def stamped(raw: bytes, revision: int) -> bytes:
    """The stored bytes with their resourceVersion."""
    at = raw.index(_MARK) + len(_MARK)
    return b'%b"resourceVersion":"%d",%b' % (raw[:at], revision, raw[at:])


def unpack(raw: bytes, revision: int) -> dict[str, Any]:
    """The stored bytes as an object with its resourceVersion."""
    obj = _DECODER.decode(raw)
    obj["metadata"]["resourceVersion"] = str(revision)
    return obj


def labels_of(raw: bytes) -> dict[str, str]:
    """The labels of a stored object; nothing else of it is made into Python objects."""
    return _LABELLED.decode(raw).metadata.labels or {}


def items_joined(values: Iterable[tuple[bytes, int]], prefix: bytes, *, typed: bool) -> bytes:
    """A list's items: (stored bytes, revision) joined by commas. `prefix`: their `head`; cut off unless `typed`."""
    if typed:
        return b",".join(stamped(raw, revision) for raw, revision in values)
    cut = len(prefix)
    return b",".join(b"{" + stamped(raw[cut:], revision) for raw, revision in values)


def list_head(api_version: str, kind: str, metadata: dict[str, Any]) -> bytes:
    """A list's bytes up to its first item; `]}` ends it."""
    return dumps({"kind": kind, "apiVersion": api_version, "metadata": metadata})[:-1] + b',"items":['
