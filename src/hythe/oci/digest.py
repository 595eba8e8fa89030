"""Digests as OCI writes them, "sha256:" and 64 hexadecimal characters (image-spec, descriptor.md, "Digests").

A digest names a content; a *chain id* names a stack of layers: what the topmost one adds to all that is below
it (image-spec, config.md, "Layer ChainID").
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from hythe.errors import InvalidArgument

PREFIX: Final = "sha256:"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def check(text: str, what: str = "digest") -> str:
    """`text`, if it is a digest that hythe can verify. Raises InvalidArgument; `what` names it in the message."""
    if not is_digest(text):
        raise InvalidArgument(
            f"not a valid {what}: {text[:100]!r}", hint="expected sha256: and 64 hexadecimal characters"
        )
    return text


def of_bytes(data: bytes) -> str:
    return PREFIX + hashlib.sha256(data).hexdigest()


def hexadecimal(digest: str) -> str:
    """The 64 characters after the algorithm; also the only form in which a digest becomes a file name."""
    return check(digest).removeprefix(PREFIX)


def chain_id(parent: str | None, diff_id: str) -> str:
    """The name of the layer `diff_id` on top of the stack `parent` (None: on nothing)."""
    if parent is None:
        return check(diff_id, "diff id")
    return of_bytes(f"{check(parent, 'chain id')} {check(diff_id, 'diff id')}".encode())


def chain_ids(diff_ids: Iterable[str]) -> list[str]:
    """The chain id of each layer of a stack, both from the bottom up."""
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(chain_id(chains[-1] if chains else None, diff_id))
    return chains
