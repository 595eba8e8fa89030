"""What was done and is not seen yet."""

from __future__ import annotations

from hythe.kube.client.expectations import Expectations
from tests.kube_double import FakeClock


async def test_a_cache_is_trusted_when_all_has_been_seen() -> None:
    expected = Expectations(FakeClock())
    assert expected.fulfilled("a")
    expected.expect("a", creations=2, deletions={"u"})
    expected.created("a")
    expected.deleted("a", "other")
    assert not expected.fulfilled("a")
    expected.created("a")
    assert not expected.fulfilled("a")
    expected.deleted("a", "u")
    assert expected.fulfilled("a")
    assert expected.fulfilled("b")


async def test_a_lost_event_is_not_waited_for_for_ever() -> None:
    clock = FakeClock()
    expected = Expectations(clock)
    expected.expect("a", creations=1)
    await clock.advance(299)
    assert not expected.fulfilled("a")
    await clock.advance(2)
    assert expected.fulfilled("a")
