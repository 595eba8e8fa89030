"""How many requests may be under way at once."""

from __future__ import annotations

import pytest

from hythe.kube.apiserver.identity import LOCAL, User
from hythe.kube.apiserver.inflight import InFlight
from hythe.kube.apiserver.request import parse
from hythe.kube.objects.status import ApiError

SOMEBODY = User("somebody")
READ = parse("GET", "/api/v1/pods", {})
WRITE = parse("POST", "/api/v1/namespaces/a/pods", {})
WATCH = parse("GET", "/api/v1/pods", {"watch": "1"})


def test_reads_and_writes_have_places_of_their_own() -> None:
    counted = InFlight(reads=1, writes=1)
    with counted.place(SOMEBODY, READ), counted.place(SOMEBODY, WRITE):
        with pytest.raises(ApiError) as busy, counted.place(SOMEBODY, READ):
            pass
        assert (busy.value.code, busy.value.retry_after) == (429, 1)
        with counted.place(SOMEBODY, WATCH), counted.place(LOCAL, READ):
            pass
    with counted.place(SOMEBODY, READ):
        pass


def test_a_place_comes_free_after_a_failure() -> None:
    counted = InFlight(reads=1, writes=1)
    with pytest.raises(ValueError), counted.place(SOMEBODY, WRITE):
        raise ValueError
    with counted.place(SOMEBODY, WRITE):
        pass
