"""Short names for templates: a hash in letters and digits that spell no words. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from hythe.kube.objects.types import Object

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_OFFSET: Final = 0x811C9DC5
_PRIME: Final = 0x01000193


def safe_hash(body: Object, collisions: int = 0) -> str:
    """FNV-1a in 32 bits, written as Kubernetes' SafeEncodeString does; `collisions` gives another one."""
    value = _OFFSET
    salt = str(collisions).encode() if collisions else b""
    for byte in msgspec.json.encode(body, order="deterministic") + salt:
        value = ((value ^ byte) * _PRIME) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(value))
