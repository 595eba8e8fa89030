"""What is a key, a prefix, a value: the checks that every store makes before it does anything."""

from __future__ import annotations

from hythe.errors import InvalidArgument
from hythe.kube.store.contract import MAX_KEY, MAX_VALUE, ValueTooLarge


def check_key(key: str) -> None:
    """InvalidArgument for what is no key: no "/" at its beginning, a NUL or half a surrogate pair in it, too long."""
    check_prefix(key)
    if len(key) * 4 > MAX_KEY and len(key.encode()) > MAX_KEY:
        raise InvalidArgument(f"a key has more than {MAX_KEY} bytes")


def check_prefix(prefix: str) -> None:
    """InvalidArgument for what no key can begin with."""
    if not prefix.startswith("/") or "\0" in prefix:
        raise InvalidArgument(f"not a key: {prefix!r}")
    if not prefix.isascii() and any("\ud800" <= letter <= "\udfff" for letter in prefix):
        raise InvalidArgument(f"not a key: {prefix!r}")


def check_value(key: str, value: bytes) -> None:
    if not value:
        raise InvalidArgument(f"the value of {key} is empty")
    if len(value) > MAX_VALUE:
        raise ValueTooLarge(key, len(value))


def check_page(at: int | None, limit: int) -> None:
    if limit < 0 or (at is not None and at < 0):
        raise InvalidArgument("neither a limit nor a revision is negative")


def end_of(prefix: str) -> str:
    """The first text that is behind all keys with this prefix: "/a/" -> "/a0"."""
    last = ord(prefix[-1]) + 1
    if last == 0xD800:  # the surrogates are no characters
        last = 0xE000
    if last > 0x10FFFF:
        return end_of(prefix[:-1])
    return prefix[:-1] + chr(last)
