"""Which containers a list shows."""

from __future__ import annotations

import msgspec
import pytest

from hythe.api.docker.filters import Filters
from hythe.api.docker.translate.summary import KEYS, select
from hythe.engine.model import Container, State
from hythe.errors import InvalidArgument, NotFound

from .samples import START, container

ALL = [
    container(),
    container(
        id="b" * 64,
        name="web",
        created=START + 5,
        state=State("exited", exit_code=3),
        endpoints={},
        labels={},
    ),
    container(id="c" * 64, name="web2", created=START + 9, state=State(), image_id="sha256:other", mounts=[]),
]


def find(ref: str) -> Container:
    for c in ALL:
        if c.name == ref:
            return c
    raise NotFound(f"No such container: {ref}")


def names(
    filters: dict[str, list[str]] | None = None, *, all: bool = True, limit: int | None = None
) -> list[str]:
    text = msgspec.json.encode(filters or {}).decode()
    parsed = Filters.parse(text, KEYS)
    found = select(ALL, parsed, all=all, limit=limit, find=find, images=lambda ref: {f"sha256:{ref}"})
    return [c.name for c in found]


def test_only_running_ones_newest_first() -> None:
    assert names(all=False) == ["gold"]
    assert names() == ["web2", "web", "gold"]
    assert names(all=False, limit=2) == ["web2", "web"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", "web", ["web2", "web"]),
        ("name", "^/?web$", ["web"]),
        ("id", "bbb", ["web"]),
        ("status", "exited", ["web"]),
        ("exited", "3", ["web"]),
        ("exited", "0", []),
        ("label", "x", ["web2", "gold"]),
        ("label", "x=z", []),
        ("ancestor", "other", ["web2"]),
        ("network", "goldnet", ["web2", "gold"]),
        ("network", "n2", ["web2", "gold"]),
        ("volume", "goldvol", ["web", "gold"]),
        ("volume", "/data", ["web", "gold"]),
        ("health", "starting", ["gold"]),
        ("health", "none", ["web2", "web"]),
        ("before", "web", ["gold"]),
        ("since", "web", ["web2"]),
        ("publish", "18080", ["web2", "web", "gold"]),
        ("publish", "18000-18079", []),
        ("expose", "80/tcp", ["web2", "web", "gold"]),
        ("expose", "80/udp", []),
    ],
)
def test_filters(key: str, value: str, expected: list[str]) -> None:
    assert names({key: [value]}) == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [("status", "sleeping"), ("health", "fine"), ("exited", "x"), ("name", "("), ("colour", "red")],
)
def test_mistakes(key: str, value: str) -> None:
    with pytest.raises(InvalidArgument):
        names({key: [value]})


def test_a_reference_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        names({"before": ["nobody"]})


def test_the_older_form_of_filters() -> None:
    filters = Filters.parse('{"status": {"exited": true, "running": false}}', ["status"])
    assert filters.get("status") == ["exited"]
