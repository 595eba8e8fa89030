from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.runtime.detach import DetachKeys


@pytest.mark.parametrize(
    ("keys", "pieces", "passed", "detached"),
    [
        (b"\x10\x11", [b"a\x10", b"\x11rest"], b"a", True),
        (b"\x10\x11", [b"a\x10", b"b"], b"a\x10b", False),
        (b"\x10\x11", [b"\x10\x10\x11"], b"\x10", True),
        (b"aab", [b"aaab"], b"a", True),
        (b"", [b"anything"], b"anything", False),
    ],
)
def test_sequences(keys: bytes, pieces: list[bytes], passed: bytes, detached: bool) -> None:
    matcher = DetachKeys(keys)
    got, ended = b"", False
    for piece in pieces:
        more, ended = matcher.feed(piece)
        got += more
    assert (got, ended) == (passed, detached)


@given(
    st.binary(min_size=1, max_size=3).map(lambda b: bytes(x % 3 for x in b)), st.lists(st.binary(max_size=6))
)
def test_pieces_make_no_difference(keys: bytes, pieces: list[bytes]) -> None:
    pieces = [bytes(value % 3 for value in piece) for piece in pieces]
    whole = b"".join(pieces)
    matcher = DetachKeys(keys)
    got = b""
    for piece in pieces:
        more, ended = matcher.feed(piece)
        got += more
        if ended:
            assert got == whole[: whole.index(keys)]
            return
    assert keys not in whole
    assert got + matcher.flush() == whole
