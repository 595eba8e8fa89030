"""Desired and observed states, and what is to be done."""

from __future__ import annotations

from dataclasses import replace

from hythe.compose import plan
from hythe.compose.model import Attachment, Dependency, Network, Project, Service
from hythe.compose.state import Container, State

NET = Network(key="default", name="p_default")
DB = Service(name="db", image="pg", networks={"default": Attachment()})
WEB = replace(DB, name="web", image="w", depends_on={"db": Dependency(restart=True)})
PROJECT = Project(name="p", working_dir="/", services={"db": DB, "web": WEB}, networks={"default": NET})


def container(service: str, number: int = 1, config_hash: str = "h", image: str = "i") -> Container:
    return Container(
        id=f"{service}{number}", name=f"p-{service}-{number}", service=service, number=number, state="running",
        config_hash=config_hash, image_id=image, networks={"p_default": "n"},
    )  # fmt: skip


def wish(**changes: object) -> plan.Wish:
    both = frozenset({"db", "web"})
    base = plan.Wish(both, both, {"db": "h", "web": "h"}, {"db": "i", "web": "i"})
    return replace(base, **changes)  # type: ignore[arg-type]


def test_from_nothing() -> None:
    made = plan.make(PROJECT, State(), wish())
    assert made.networks == (NET,)
    assert {name: one.create for name, one in made.services.items()} == {"db": (1,), "web": (1,)}


def test_what_is_right_is_kept() -> None:
    state = State((container("db"), container("web")), {"p_default": {}})
    made = plan.make(PROJECT, state, wish())
    assert made.networks == () and not any(one.changed or one.remove for one in made.services.values())


def test_only_what_changed_is_recreated_and_its_dependents_restarted() -> None:
    state = State((container("db", config_hash="old"), container("web")), {"p_default": {}})
    made = plan.make(PROJECT, state, wish())
    assert [one.name for one in made.services["db"].recreate] == ["p-db-1"]
    assert not made.services["web"].changed
    assert made.restart == {"web"}


def test_another_image_recreates_unless_never() -> None:
    state = State((container("db", image="old"), container("web")))
    assert plan.make(PROJECT, state, wish()).services["db"].recreate
    assert not plan.make(PROJECT, state, wish(recreate=plan.NEVER)).services["db"].recreate


def test_force_is_for_the_named_ones() -> None:
    state = State((container("db"), container("web")))
    made = plan.make(PROJECT, state, wish(recreate=plan.FORCE, named=frozenset({"web"})))
    assert made.services["web"].recreate and not made.services["db"].recreate


def test_scale_up_fills_gaps_and_down_takes_the_last() -> None:
    state = State((container("web", 1), container("web", 3)))
    up = plan.make(PROJECT, state, wish(scale={"web": 4})).services["web"]
    assert up.create == (2, 4)
    down = plan.make(PROJECT, state, wish(scale={"web": 1})).services["web"]
    assert [one.number for one in down.remove] == [3]


def test_orphans() -> None:
    assert [one.service for one in plan.orphans(PROJECT, State((container("old"), container("db"))))] == [
        "old"
    ]
