"""What `docker diff` leaves out: the places that a start makes."""

from __future__ import annotations

from hythe.engine.containers.usage import told
from hythe.store.changes import Change


def test_places_that_a_start_makes_are_not_told() -> None:
    made = [
        Change("/dev", 1),
        Change("/etc", 0),
        Change("/etc/hosts", 1),
        Change("/proc", 1),
        Change("/sys", 1),
    ]
    assert told([*made, Change("/test", 1)]) == [Change("/test", 1)]


def test_what_the_program_did_there_is() -> None:
    own = [Change("/etc", 0), Change("/etc/own", 1)]
    assert told([own[0], Change("/etc/hosts", 1), own[1]]) == own
    new = [Change("/etc", 1), Change("/etc/own", 1)]
    assert told([new[0], Change("/etc/hosts", 1), new[1]]) == new
    alone = [Change("/etc", 0), Change("/etc/hosts", 0), Change("/proc", 2)]
    assert told(alone) == alone
