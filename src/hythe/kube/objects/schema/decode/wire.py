"""Protobuf's wire format: a message is fields, each a number and an integer or bytes.

Source: protobuf.dev, Encoding. Groups, which proto3 does not have, are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from hythe.kube.objects.schema.decode.failures import Undecodable

Wire: TypeAlias = int | bytes


def fields(data: bytes) -> Iterator[tuple[int, Wire]]:
    """The fields of a message, in its order: (number, an unsigned integer or bytes)."""
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise Undecodable("proto: illegal tag 0")
        if wire == 0:
            value, at = varint(data, at)
            yield number, value
            continue
        if wire == 2:
            size, at = varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise Undecodable(f"proto: illegal wireType {wire}")
        if size > end - at:
            raise Undecodable("unexpected EOF")
        yield number, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The integer at `at`, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise Undecodable("unexpected EOF")
        if shift >= 64:
            raise Undecodable("proto: integer overflow")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
