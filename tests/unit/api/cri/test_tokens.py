"""Tokens of the streaming server: once, and not for long."""

from __future__ import annotations

import pytest
from cri_api.v1 import api_pb2 as cri

from hythe.api.cri.streaming.tokens import MOST, SECONDS, Tokens
from hythe.errors import NotFound, Unavailable


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_good_once() -> None:
    tokens, request = Tokens(Clock()), cri.ExecRequest(container_id="c")
    token = tokens.give(request)
    assert tokens.take(token) is request
    with pytest.raises(NotFound):
        tokens.take(token)


def test_a_token_ends() -> None:
    clock = Clock()
    tokens = Tokens(clock)
    old = tokens.give(cri.ExecRequest())
    clock.now += SECONDS / 2
    young = tokens.give(cri.ExecRequest())
    clock.now += SECONDS / 2
    with pytest.raises(NotFound):
        tokens.take(old)
    tokens.take(young)


def test_there_are_not_many_at_a_time() -> None:
    clock = Clock()
    tokens = Tokens(clock)
    given = {tokens.give(cri.AttachRequest()) for _ in range(MOST)}
    assert len(given) == MOST
    with pytest.raises(Unavailable):
        tokens.give(cri.AttachRequest())
    clock.now += SECONDS
    tokens.give(cri.AttachRequest())
